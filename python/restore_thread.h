/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef XDPSTAT_RESTORE_THREAD_H
#define XDPSTAT_RESTORE_THREAD_H

#include <Python.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Takes the GIL back. Once the interpreter is ending it does not return in any thread but the main one: there the
 * interpreter ends the thread (before 3.14, which lets it hang by itself). Unwinding it would let go of Python's objects
 * without the GIL; so it waits for the end of the process. */
void xdpstat_restore_thread(PyThreadState *thread);

#ifdef __cplusplus
}
#endif

#endif
