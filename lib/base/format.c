/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <cpuslab/log_hook.h>
#include <cpuslab/port.h>

#define FORMAT_LINE 256 /* bytes */
#define FORMAT_PARTS 4  /* of a line; each has an equal share of it */
#define FORMAT_INVALID "\xef\xbf\xbd" /* U+FFFD */

/* Write all of @bytes, or nothing if they do not fit. */
static void format_bytes(struct cpuslab__text *text, const char *bytes,
			 size_t count)
{
	if (text->length + count < text->size) {
		memcpy(text->buf + text->length, bytes, count);
		text->buf[text->length + count] = '\0';
	} else if (text->length < text->size) {
		text->size = text->length + 1; /* nothing may follow */
	}
	text->length += count;
}

/* How many bytes after the first one continue a character? */
static size_t format_continued(const unsigned char *s, size_t most)
{
	size_t count = 0;

	while (count < most && (s[count + 1] & 0xc0) == 0x80)
		count++;
	return count;
}

/*
 * The length of the character of UTF-8 at @s; 0 if it is not valid: cut off,
 * longer than necessary, a surrogate, or above U+10FFFF (RFC 3629).
 */
static size_t format_character(const unsigned char *s)
{
	size_t rest;

	if (s[0] < 0x80)
		return 1;
	rest = s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	if (s[0] < 0xc2 || s[0] > 0xf4 || format_continued(s, rest) < rest)
		return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return rest + 1;
}

/* C0, DEL, C1, U+2028 and U+2029: some readers of text end a line there. */
static bool format_controls(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0) ||
	       (s[0] == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8);
}

static void format_hex(struct cpuslab__text *text, const char *prefix,
		       unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6];
	size_t length = 0;

	while (*prefix)
		escape[length++] = *prefix++;
	escape[length++] = hex[byte >> 4];
	escape[length++] = hex[byte & 15];
	format_bytes(text, escape, length);
}

void cpuslab__text_string(struct cpuslab__text *text, const char *string)
{
	/* No character contains the NUL, so no step passes it.
	 * NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Branch) */
	while (string && *string) {
		size_t length = format_character((const unsigned char *)string);

		format_bytes(text, string, length ? length : 1);
		string += length ? length : 1;
	}
}

void cpuslab__text_number(struct cpuslab__text *text, uint64_t number)
{
	char digits[21];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	cpuslab__text_string(text, digits + i);
}

void cpuslab__text_line(struct cpuslab__text *text, const char *name,
			uint64_t number)
{
	cpuslab__text_string(text, name);
	cpuslab__text_string(text, " ");
	cpuslab__text_number(text, number);
	cpuslab__text_string(text, "\n");
}

void cpuslab__text_member(struct cpuslab__text *text, const char *name,
			  uint64_t number)
{
	cpuslab__text_string(text, ",\"");
	cpuslab__text_string(text, name);
	cpuslab__text_string(text, "\":");
	cpuslab__text_number(text, number);
}

void cpuslab__text_escaped(struct cpuslab__text *text, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	while (s && *s) {
		size_t length = format_character(s);

		if (*s == '\\') {
			format_bytes(text, "\\\\", 2);
			s++;
		} else if (!length) {
			format_hex(text, "\\x", *s++);
		} else if (format_controls(s)) {
			while (length--)
				format_hex(text, "\\x", *s++);
		} else {
			format_bytes(text, (const char *)s, length);
			s += length;
		}
	}
}

void cpuslab__text_quoted(struct cpuslab__text *text, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	format_bytes(text, "\"", 1);
	while (s && *s) {
		size_t length = format_character(s);

		if (*s == '"' || *s == '\\')
			format_bytes(text, *s == '"' ? "\\\"" : "\\\\", 2);
		else if (*s < 0x20 || *s == 0x7f)
			format_hex(text, "\\u00", *s);
		else if (length)
			format_bytes(text, (const char *)s, length);
		else
			format_bytes(text, "\\ufffd", 6);
		s += length ? length : 1;
	}
	format_bytes(text, "\"", 1);
}

void cpuslab__text_utf8(struct cpuslab__text *text, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	while (s && *s) {
		size_t length = format_character(s);

		if (length)
			format_bytes(text, (const char *)s, length);
		else
			format_bytes(text, FORMAT_INVALID, 3);
		s += length ? length : 1;
	}
}

void cpuslab__text_label(struct cpuslab__text *text, const char *string)
{
	const unsigned char *s = (const unsigned char *)string;

	format_bytes(text, "\"", 1);
	while (s && *s) {
		size_t length = format_character(s);

		if (*s == '\n')
			format_bytes(text, "\\n", 2);
		else if (*s == '"' || *s == '\\')
			format_bytes(text, *s == '"' ? "\\\"" : "\\\\", 2);
		else if (length)
			format_bytes(text, (const char *)s, length);
		else
			format_bytes(text, FORMAT_INVALID, 3);
		s += length ? length : 1;
	}
	format_bytes(text, "\"", 1);
}

bool cpuslab__log_once(struct cpuslab__logged *logged, const void *what,
		       int why)
{
	uint32_t i;

	for (i = 0; i < logged->lines; i++)
		if (logged->what[i] == what && logged->why[i] == why)
			return false;
	if (i == CPUSLAB__LOGGED)
		return false;
	logged->what[i] = what;
	logged->why[i] = why;
	logged->lines++;
	return true;
}

void cpuslab__log(const char *a, const char *b, const char *c, const char *d)
{
	const char *const parts[FORMAT_PARTS] = { a, b, c, d };
	char line[FORMAT_LINE];
	char *end = line;
	int i;

	line[0] = '\0';
	for (i = 0; i < FORMAT_PARTS; i++) {
		struct cpuslab__text text = { end, FORMAT_LINE / FORMAT_PARTS,
					      0 };

		cpuslab__text_escaped(&text, parts[i]);
		while (*end)
			end++;
	}
	cpuslab__log_line(line);
}

void cpuslab__log_cpu(const char *a, const char *b, const char *c, uint32_t cpu)
{
	char digits[24];
	struct cpuslab__text text = { digits, sizeof(digits), 0 };

	cpuslab__text_number(&text, cpu);
	cpuslab__log(a, b, c, digits);
}

size_t cpuslab__string_length(const char *string)
{
	size_t length = 0;

	while (string[length])
		length++;
	return length;
}

char *cpuslab__strings_copy(const char *first, const char *second)
{
	size_t length = cpuslab__string_length(first);
	size_t more = cpuslab__string_length(second);
	char *copy = cpuslab_port_zalloc(length + more + 2);

	if (copy) {
		memcpy(copy, first, length);
		memcpy(copy + length + 1, second, more);
	}
	return copy;
}

char *cpuslab__string_copy(const char *string)
{
	return cpuslab__strings_copy(string, "");
}
