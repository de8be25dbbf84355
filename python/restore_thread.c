/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C, and not C++, for the sake of pthread_cleanup_push(): in C it catches the end of a thread by a jump, before any frame
 * of C++ is unwound. The module has an unwinder of its own (-static-libgcc), which does not go together with the one by
 * which the C library ends a thread.
 */
#include "restore_thread.h"

#include <pthread.h>
#include <unistd.h>

static void hang(void *nothing)
{
	(void)nothing;
	for (;;)
		pause();
}

void xdpstat_restore_thread(PyThreadState *thread)
{
	pthread_cleanup_push(hang, NULL);
	PyEval_RestoreThread(thread);
	pthread_cleanup_pop(0);
}
