/* SPDX-License-Identifier: MIT */
/*
 * client_internal.h - how the library's own clients register and unregister.
 */
#ifndef CPUSLAB_LIB_CLIENT_INTERNAL_H
#define CPUSLAB_LIB_CLIENT_INTERNAL_H

#include <cpuslab/client.h>

/* As cpuslab_client_init(), with valid arguments, and without its log line. */
int cpuslab__client_register(struct cpuslab_client *client,
			     struct cpuslab_domain *domain);
/*
 * As cpuslab_client_fini(), but without callbacks: for a client that tears down
 * by itself. -CPUSLAB_EBUSY in a callback of the domain, after the assertion
 * and the log line: the client is still registered.
 */
int cpuslab__client_unregister(struct cpuslab_client *client);

#endif /* CPUSLAB_LIB_CLIENT_INTERNAL_H */
