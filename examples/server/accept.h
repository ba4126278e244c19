/* SPDX-License-Identifier: MIT */
/*
 * accept.h - how much a client wants an answer of some media type, by the
 * header Accept of its request (RFC 9110, 12.5.1).
 */
#ifndef CPUSLAB_EXAMPLES_ACCEPT_H
#define CPUSLAB_EXAMPLES_ACCEPT_H

/*
 * Rank @type, which is a Content-Type such as "text/plain; version=0.0.4".
 * Among types with one rank the server chooses.
 *
 * @accept: the header's value; "" if there was none.
 * @any:    a parameter that fits @type with each value, or NULL.
 *
 * Of the ranges that include the type the most specific counts: its q, and at
 * equal q its place in the header. A range with a parameter includes a type
 * with the same one only. Ranges that are malformed are ignored.
 *
 * Return: positive, higher is better; 0 if no range includes the type; negative
 * if the client refuses it with q=0.
 */
int accept_rank(const char *accept, const char *type, const char *any);

#endif /* CPUSLAB_EXAMPLES_ACCEPT_H */
