// SPDX-License-Identifier: MIT
/*
 * main.c - a domain, a slab, and commands: "echo NAME [NUMBER] > command".
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "test.h"

struct test_driver test_driver;
struct cpuslab_slab *test_slab;

static struct dentry *test_folder;

/* ---- a domain that follows ----------------------------------------------- */

int test_driver_init(struct test_driver *driver, const char *name)
{
	const struct cpuslab_domain_config config = {
		.name = name,
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	int err = cpuslab_domain_create(&driver->domain, &config);

	if (err)
		return err;
	err = cpuslab_hotplug_create(&driver->hotplug, driver->domain, NULL);
	if (err) {
		cpuslab_domain_destroy(driver->domain);
		driver->domain = NULL;
	}
	return err;
}

void test_driver_fini(struct test_driver *driver)
{
	cpuslab_hotplug_destroy(driver->hotplug);
	cpuslab_domain_destroy(driver->domain);
	driver->hotplug = NULL;
	driver->domain = NULL;
}

/* ---- the cost of an add ------------------------------------------------- */

static u64 test_begun, test_begun_memory, test_shortest;
static unsigned int test_added;

/* The first client of the domain, before the slab, and the last, after it. */
static int test_first_start(struct cpuslab_client *client, uint32_t cpu)
{
	test_begun = ktime_get_ns();
	test_begun_memory = inject_time();
	return 0;
}

static void test_last_admit(struct cpuslab_client *client, uint32_t cpu)
{
	u64 memory = inject_time() - test_begun_memory;
	u64 took = ktime_get_ns() - test_begun;

	if (!test_begun)
		return; /* online before the load of the module */
	pr_info("cpuslab_test: add of %u: %llu us, %llu of them for memory\n",
		cpu, took / 1000, memory / 1000);
	if (!test_added++ || took - memory < test_shortest)
		test_shortest = took - memory;
	test_begun = 0;
}

static const struct cpuslab_client_ops test_first_ops = {
	.start = test_first_start,
};

static const struct cpuslab_client_ops test_last_ops = {
	.admit = test_last_admit,
};

static struct cpuslab_client test_first = {
	.ops = &test_first_ops,
	.name = "first",
	.order = CPUSLAB_CLIENT_ORDER_SLAB - 1,
};

static struct cpuslab_client test_last = {
	.ops = &test_last_ops,
	.name = "last",
};

/* The shortest of several, because the host interrupts the guest. */
static int test_add_times(void)
{
	unsigned int added = test_added;

	pr_info("cpuslab_test: shortest of %u adds, without memory: %llu us\n",
		added, test_shortest / 1000);
	test_added = 0;
	if (!added)
		return test_wrong("no CPU was added");
	if (IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN))
		return 0;
	return test_shortest < NSEC_PER_MSEC ? 0 : test_wrong("over 1 ms");
}

/* ---- commands ------------------------------------------------------------ */

static int test_trim(void)
{
	int result = cpuslab_domain_trim(test_driver.domain, 0);

	if (!result)
		result = instances_trim();
	cpuslab_port_rcu_barrier(); /* so that a script sees the memory freed */
	return result;
}

static int test_check(void)
{
	int err = cpuslab_domain_check(test_driver.domain);

	if (!err)
		err = cpuslab_hotplug_check(test_driver.hotplug);
	return err ? err : cpuslab_slab_check(test_slab);
}

/* Lose memory: does the detector report it? */
static int test_lose(void)
{
	int i;

	for (i = 0; i < 16; i++) /* a pointer may still be on a stack */
		if (!cpuslab_port_zalloc(64))
			return -ENOMEM;
	return 0;
}

static int test_fail_at(unsigned int nth)
{
	inject_fail_at(nth);
	return 0;
}

static int test_fail_all(unsigned int fail)
{
	inject_fail_all(fail);
	return 0;
}

static int test_give(void)
{
	memory_fini();
	return 0;
}

static int test_end_instances(void)
{
	instances_fini();
	return 0;
}

static int test_end_account(void)
{
	gfp_account_end();
	return 0;
}

static int test_end_never(void)
{
	never_fini();
	return 0;
}

static const struct {
	const char *word;
	int (*run)(void);
	int (*run_with)(unsigned int number);
} test_commands[] = {
	{ "load", load_start },
	{ "unload", load_stop },
	{ "grow", grow_start },
	{ "ungrow", grow_stop },
	{ "grow-by", .run_with = grow_by },
	{ "fail-at", .run_with = test_fail_at },
	{ "fail-all", .run_with = test_fail_all },
	{ "trim", test_trim },
	{ "barrier", cpuslab_port_rcu_barrier },
	{ "check", test_check },
	{ "lose", test_lose },
	{ "cost", cost_measure },
	{ "trim-many", trim_measure },
	{ "structures", crowd_start },
	{ "unstructures", crowd_stop },
	{ "refuse", .run_with = crowd_refuse },
	{ "refused", .run_with = crowd_refused },
	{ "instances", instances_init },
	{ "end-instances", test_end_instances },
	{ "instance-refuses", .run_with = instances_refuse },
	{ "instances-undone", instances_undone },
	{ "instances-in-use", .run_with = instances_check },
	{ "never", .run_with = never_init },
	{ "never-refuse", .run_with = never_refuse },
	{ "never-has", .run_with = never_has },
	{ "end-never", test_end_never },
	{ "during", .run_with = during_init },
	{ "was-during", during_fini },
	{ "add-times", test_add_times },
	{ "take-slab", .run_with = memory_take_slab },
	{ "take-percpu", .run_with = memory_take_percpu },
	{ "give", test_give },
	{ "misuse", misuse_check },
	{ "borrow", misuse_borrow },
	{ "poor", poor_check },
	{ "conform", conform_check },
	{ "account", gfp_account },
	{ "account-grow", gfp_account_grow },
	{ "end-account", test_end_account },
	{ "nowait", gfp_nowait },
	{ "misplace", .run_with = misplaced_call },
	{ "strange", .run_with = observe_strange },
	{ "strange-storm", .run_with = observe_storm },
	{ "shared", .run_with = observe_shared },
	{ "flood", .run_with = observe_flood },
};

static int test_command(const char *word, unsigned int number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(test_commands); i++)
		if (!strcmp(word, test_commands[i].word))
			return test_commands[i].run ?
				       test_commands[i].run() :
				       test_commands[i].run_with(number);
	return test_wrong("no command \"%s\"", word);
}

static ssize_t test_write(struct file *file, const char __user *from,
			  size_t size, loff_t *at)
{
	char line[64], word[64];
	unsigned int number = 0;
	int err;

	if (size >= sizeof(line) || copy_from_user(line, from, size))
		return -EINVAL;
	line[size] = '\0';
	if (sscanf(line, "%63s %u", word, &number) < 1)
		return -EINVAL;
	err = test_command(word, number);
	return err ? (err < 0 ? err : -EAGAIN) : (ssize_t)size;
}

static const struct file_operations test_command_ops = {
	.owner = THIS_MODULE,
	.write = test_write,
};

static int stats_show(struct seq_file *seq, void *unused)
{
	struct cpuslab_stats stats;
	size_t size, length;
	char *text;

	cpuslab_stats_get(test_slab, &stats);
	size = seq_get_buf(seq, &text);
	length = cpuslab_stats_text(&stats, text, size);
	seq_commit(seq, length < size ? (int)length : -1);
	seq_printf(seq, "asked %ld\n", inject_asked());
	seq_printf(seq, "unpinned %llu\n", load_unpinned_count());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* ---- life ---------------------------------------------------------------- */

static void test_end(void)
{
	debugfs_remove_recursive(test_folder);
	inject_fail_all(false);
	crowd_fini();
	instances_fini();
	never_fini();
	grow_fini();
	memory_fini();
	gfp_account_end();
	load_fini();
	cpuslab_client_fini(&test_last);
	cpuslab_slab_destroy(test_slab);
	cpuslab_client_fini(&test_first);
	test_driver_fini(&test_driver);
}

static int __init test_begin(void)
{
	const struct cpuslab_slab_config config = { .name = "test" };
	int err = test_driver_init(&test_driver, "test");

	if (err)
		return err;
	err = cpuslab_client_init(&test_first, test_driver.domain);
	if (err)
		goto fini_cpus;
	err = cpuslab_slab_create(&test_slab, test_driver.domain, &config);
	if (err)
		goto fini_first;
	test_begun = 0; /* these CPUs were online before */
	err = cpuslab_client_init(&test_last, test_driver.domain);
	if (err)
		goto destroy;
	err = load_init();
	if (err)
		goto fini_last;
	test_folder = debugfs_create_dir("cpuslab_test", NULL);
	debugfs_create_file("command", 0200, test_folder, NULL,
			    &test_command_ops);
	debugfs_create_file("stats", 0400, test_folder, NULL, &stats_fops);
	return 0;
fini_last:
	cpuslab_client_fini(&test_last);
destroy:
	cpuslab_slab_destroy(test_slab);
fini_first:
	cpuslab_client_fini(&test_first);
fini_cpus:
	test_driver_fini(&test_driver);
	return err;
}

module_init(test_begin);
module_exit(test_end);

MODULE_DESCRIPTION("cpuslab under load, with CPUs that come and go");
MODULE_LICENSE("Dual MIT/GPL");
