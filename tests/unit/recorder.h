/* SPDX-License-Identifier: MIT */
/*
 * recorder.h - a client that writes down what it is told, and refuses on
 * demand. All recorders write one text, so that their order can be compared:
 * "a+5 b+5 a!5 b!5" is start and complete of processor 5 for a and b; "^" is an
 * early admission, "-" a failure, "~" a removal, "t" a trim and "r" a resync that
 * has ended.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "fixture.h"

struct recorder {
	struct cpuslab_client client;
	uint32_t refuse;     /* this processor's start */
	uint32_t refuse_nth; /* the start with this number; 0: none */
	int refusal;         /* a negative result */
	int trim_result;
	void (*inside)(void *arg); /* called in each callback */
	void *arg;
	uint32_t starts;
};

/* Forget what was written. */
void recorder_clear(void);
const char *recorder_text(void);

/* @name: one letter. */
void recorder_init(struct recorder *recorder, const char *name);
int recorder_register(struct recorder *recorder, struct fixture *f);

#endif /* RECORDER_H */
