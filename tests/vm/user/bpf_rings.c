// SPDX-License-Identifier: MIT
/*
 * bpf_rings.c - what a record of 64 bytes costs in the rings of BPF and perf: a
 * BPF program that appends some of them, run by the kernel many times, less one
 * that appends none. No consumer is woken.
 *
 *	bpf_rings
 *
 * Prints nanoseconds, which under "-icount shift=0" are instructions.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RECORD_BYTES 64
#define APPENDS 64 /* in a run of the program */
#define RUNS 200
#define RING_BYTES (4u << 20) /* has room for all */

static long sys_bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int map_create(uint32_t type, uint32_t key, uint32_t value,
		      uint32_t entries)
{
	union bpf_attr attr = { 0 };

	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	return (int)sys_bpf(BPF_MAP_CREATE, &attr);
}

/* ---- the program --------------------------------------------------------- */

struct program {
	struct bpf_insn code[APPENDS * 10 + 32];
	uint32_t count;
};

static void emit(struct program *program, uint8_t code, int to, int from,
		 int16_t offset, int32_t value)
{
	const struct bpf_insn insn = {
		.code = code,
		.dst_reg = (uint8_t)(to & 15),
		.src_reg = (uint8_t)(from & 15),
		.off = offset,
		.imm = value,
	};

	program->code[program->count++] = insn;
}

static void emit_move(struct program *program, int to, int32_t value)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

static void emit_copy(struct program *program, int to, int from)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void emit_map(struct program *program, int to, int map)
{
	emit(program, BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, map);
	emit(program, 0, 0, 0, 0, 0);
}

/* @to = the record, on the stack. */
static void emit_record(struct program *program, int to)
{
	emit_copy(program, to, BPF_REG_10);
	emit(program, BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, -RECORD_BYTES);
}

static void emit_call(struct program *program, int function)
{
	emit(program, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

static void emit_ringbuf(struct program *program, int map)
{
	emit_map(program, BPF_REG_1, map);
	emit_record(program, BPF_REG_2);
	emit_move(program, BPF_REG_3, RECORD_BYTES);
	emit_move(program, BPF_REG_4, BPF_RB_NO_WAKEUP);
	emit_call(program, BPF_FUNC_ringbuf_output);
}

static void emit_perf(struct program *program, int map)
{
	emit_copy(program, BPF_REG_1, BPF_REG_6);
	emit_map(program, BPF_REG_2, map);
	emit_move(program, BPF_REG_3, 0); /* the index */
	emit_record(program, BPF_REG_4);
	emit_move(program, BPF_REG_5, RECORD_BYTES);
	emit_call(program, BPF_FUNC_perf_event_output);
}

/* R7 becomes non-zero when a record finds no room, and is the result. */
static void program_make(struct program *program, int map,
			 void (*append)(struct program *, int))
{
	int i;

	program->count = 0;
	emit_copy(program, BPF_REG_6, BPF_REG_1);
	emit_move(program, BPF_REG_7, 0);
	for (i = 8; i <= RECORD_BYTES; i += 8)
		emit(program, BPF_ST | BPF_DW | BPF_MEM, BPF_REG_10, 0,
		     (int16_t)-i, i);
	for (i = 0; append && i < APPENDS; i++) {
		append(program, map);
		emit(program, BPF_ALU64 | BPF_OR | BPF_X, BPF_REG_7, BPF_REG_0,
		     0, 0);
	}
	emit_copy(program, BPF_REG_0, BPF_REG_7);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int program_load(const struct program *program)
{
	static const char license[] = "GPL";
	static char log[65536];
	union bpf_attr attr = { 0 };
	int file;

	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)program->code;
	attr.insn_cnt = program->count;
	attr.license = (uintptr_t)license;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	file = (int)sys_bpf(BPF_PROG_LOAD, &attr);
	if (file < 0)
		fprintf(stderr, "%s\n", log);
	return file;
}

/* Nanoseconds of a run, or -1. */
static long program_time(int map, void (*append)(struct program *, int))
{
	static struct program program;
	char packet[64] = "";
	union bpf_attr attr = { 0 };

	program_make(&program, map, append);
	attr.test.prog_fd = (uint32_t)program_load(&program);
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = RUNS;
	if ((int)attr.test.prog_fd < 0 || sys_bpf(BPF_PROG_TEST_RUN, &attr)) {
		perror("bpf_rings: a program");
		return -1;
	}
	if (attr.test.retval) {
		fprintf(stderr, "bpf_rings: no room: %d\n",
			(int)attr.test.retval);
		return -1;
	}
	return (long)attr.test.duration;
}

static int say(const char *what, long all, long none)
{
	if (all < 0 || none < 0)
		return 1;
	printf("%s %.3f\n", what, (double)(all - none) / APPENDS);
	return 0;
}

/* ---- the rings ----------------------------------------------------------- */

static int ringbuf(void)
{
	return map_create(BPF_MAP_TYPE_RINGBUF, 0, 0, RING_BYTES);
}

/* Of CPU 0, on which this runs. */
static int perf(void)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE,
					 .size = sizeof(event),
					 .config = PERF_COUNT_SW_BPF_OUTPUT,
					 .sample_type = PERF_SAMPLE_RAW,
					 .watermark = 1,
					 .wakeup_watermark = RING_BYTES };
	int map = map_create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1);
	int file = (int)syscall(SYS_perf_event_open, &event, -1, 0, -1, 0);
	uint32_t key = 0, value = (uint32_t)file;
	union bpf_attr attr = { 0 };

	if (map < 0 || file < 0)
		return -1;
	if (mmap(NULL, RING_BYTES + (size_t)getpagesize(),
		 PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED)
		return -1;
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr) ? -1 : map;
}

int main(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int bpf_map, perf_map;
	long none;

	setrlimit(RLIMIT_MEMLOCK, &all);
	bpf_map = ringbuf();
	perf_map = perf();
	if (bpf_map < 0 || perf_map < 0) {
		perror("bpf_rings: a ring");
		return 1;
	}
	program_time(-1, NULL); /* first run: QEMU translates the code */
	none = program_time(-1, NULL);
	return say("bpf_ringbuf_output of 64 bytes",
		   program_time(bpf_map, emit_ringbuf), none) |
	       say("bpf_perf_event_output of 64 bytes",
		   program_time(perf_map, emit_perf), none);
}
