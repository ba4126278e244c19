/* SPDX-License-Identifier: MIT */
/*
 * user_plugin.h - what test_unload.c calls in user_plugin.c.
 */
#ifndef TESTS_WINDOWS_USER_PLUGIN_H
#define TESTS_WINDOWS_USER_PLUGIN_H

/* Everything that a plugin may have; with or without threads. 0: done. */
__declspec(dllexport) int plugin_create(unsigned int threads);
__declspec(dllexport) void plugin_destroy(void);
__declspec(dllexport) void plugin_change(void);
__declspec(dllexport) void plugin_allocate(void);

#endif /* TESTS_WINDOWS_USER_PLUGIN_H */
