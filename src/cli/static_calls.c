// SPDX-License-Identifier: BSD-2-Clause
//
// For the static program: it loads no library and looks no name up. OpenSSL can do both, if its configuration asks for it, and of a
// static C library would take a part that wants the very shared one that it was built with. These stand in its place
// and fail as those do that find nothing.
#define _GNU_SOURCE // Dl_info
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

void *dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *dlerror(void)
{
	static char text[] = "a static program loads no library";
	return text;
}

int dladdr(const void *address, Dl_info *info)
{
	(void)address;
	(void)info;
	return 0;
}

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)result;
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

const char *gai_strerror(int error)
{
	(void)error;
	return "a static program looks no name up";
}

int getnameinfo(const struct sockaddr *restrict address, socklen_t size, char *restrict node,
		socklen_t node_size, char *restrict service, socklen_t service_size, int flags)
{
	(void)address;
	(void)size;
	(void)node;
	(void)node_size;
	(void)service;
	(void)service_size;
	(void)flags;
	return EAI_FAIL;
}

struct hostent *gethostbyname(const char *name)
{
	(void)name;
	return NULL;
}
