/* SPDX-License-Identifier: MIT */
#include "format.h"

#include <cpuslab/port.h>

#define FORMAT_LINE 256

static void format_char(struct cpuslab__text *text, char c)
{
	if (text->length + 1 < text->size) {
		text->buf[text->length] = c;
		text->buf[text->length + 1] = '\0';
	}
	text->length++;
}

void cpuslab__text_string(struct cpuslab__text *text, const char *string)
{
	while (string && *string)
		format_char(text, *string++);
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

void cpuslab__text_quoted(struct cpuslab__text *text, const char *string)
{
	static const char hex[] = "0123456789abcdef";

	format_char(text, '"');
	for (; string && *string; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\') {
			format_char(text, '\\');
			format_char(text, (char)c);
		} else if (c < 0x20) {
			cpuslab__text_string(text, "\\u00");
			format_char(text, hex[c >> 4]);
			format_char(text, hex[c & 15]);
		} else {
			format_char(text, (char)c);
		}
	}
	format_char(text, '"');
}

void cpuslab__log(const char *a, const char *b, const char *c, const char *d)
{
	char line[FORMAT_LINE];
	struct cpuslab__text text = { line, sizeof(line), 0 };

	line[0] = '\0';
	cpuslab__text_string(&text, a);
	cpuslab__text_string(&text, b);
	cpuslab__text_string(&text, c);
	cpuslab__text_string(&text, d);
	cpuslab_port_log(line);
}

void cpuslab__log_cpu(const char *a, const char *b, const char *c, uint32_t cpu)
{
	char digits[24];
	struct cpuslab__text text = { digits, sizeof(digits), 0 };

	cpuslab__text_number(&text, cpu);
	cpuslab__log(a, b, c, digits);
}

char *cpuslab__string_copy(const char *string)
{
	size_t length = 0;
	char *copy;

	while (string[length])
		length++;
	copy = cpuslab_port_zalloc(length + 1);
	if (copy)
		memcpy(copy, string, length);
	return copy;
}
