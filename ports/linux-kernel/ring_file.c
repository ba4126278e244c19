// SPDX-License-Identifier: MIT
/*
 * ring_file.c - the life of a file of rings, and what its consumer waits for.
 *
 * Events are levels: for each CPU the file keeps how its ring is, and how it
 * was last read. So none can be lost, and they take no memory.
 */
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/smp.h>
#include <linux/uaccess.h>

#include <cpuslab/sized.h>

#include "../../lib/core/slab_internal.h"
#include "inject.h"
#include "ring_file_private.h"

/* ---- a CPU's ring -------------------------------------------------------- */

static u32 ring_file_state(const struct ring_file_cpu *cpu)
{
	return (cpu->present ? CPUSLAB_RING_PRESENT : 0) |
	       (cpu->online ? CPUSLAB_RING_ONLINE : 0);
}

static bool ring_file_has_event(const struct ring_file_cpu *cpu)
{
	return ring_file_state(cpu) != cpu->reported_state ||
	       (cpu->present && cpu->generation != cpu->reported);
}

/* How far the records reach, and how far they were consumed. */
static void ring_file_positions(const struct cpuslab_ring_file *file,
				const struct ring_file_cpu *cpu, u64 *tail,
				u64 *consumed)
{
	struct cpuslab_ring_view view;

	cpuslab_ring_view_map(&view, cpu->block, PAGE_SIZE, file->bytes);
	*tail = cpuslab_ring_tail(&view);
	*consumed = cpuslab_ring_consumed(&view);
}

/* Could a trim free it, which the consumer knows to be offline? */
static bool ring_file_can_trim(const struct cpuslab_ring_file *file,
			       const struct ring_file_cpu *cpu)
{
	u64 tail, consumed;

	if (cpu == file->cpus || file->retain || ring_file_has_event(cpu) ||
	    ring_file_state(cpu) != CPUSLAB_RING_PRESENT)
		return false;
	ring_file_positions(file, cpu, &tail, &consumed);
	return tail == consumed;
}

void cpuslab__ring_file_changed(struct cpuslab_ring_file *file,
				struct ring_file_cpu *cpu)
{
	u32 top = cpu - file->cpus + 1;

	lockdep_assert_held(&file->lock);
	cpu->tried = false;
	if (file->top < top)
		WRITE_ONCE(file->top, top);
	WRITE_ONCE(file->changes, file->changes + 1);
	/* Also for records: see ring_file_wake(). */
	wake_up_interruptible_poll(&file->wait, EPOLLPRI | EPOLLIN);
}

/* ---- the domain ---------------------------------------------------------- */

static void ring_file_set_online(struct cpuslab_client *client, u32 number,
				 bool online)
{
	struct cpuslab_ring_file *file = client->arg;
	struct ring_file_cpu *cpu = &file->cpus[number + 1];

	mutex_lock(&file->lock);
	cpu->online = online;
	cpuslab__ring_file_changed(file, cpu);
	mutex_unlock(&file->lock);
}

static void ring_file_complete(struct cpuslab_client *client, uint32_t cpu)
{
	ring_file_set_online(client, cpu, true);
}

static void ring_file_remove(struct cpuslab_client *client, uint32_t cpu)
{
	ring_file_set_online(client, cpu, false);
}

static const struct cpuslab_client_ops ring_file_client_ops = {
	.complete = ring_file_complete,
	.failure = ring_file_remove,
	.remove = ring_file_remove,
};

/* ---- the producers ------------------------------------------------------- */

static void ring_file_wake(struct cpuslab_ring_file *file)
{
	/* [ring_file.wait] Takes the lock with which poll() enqueues. */
	wake_up_interruptible_poll(&file->wait, EPOLLIN);
}

static void ring_file_wake_work(struct work_struct *work)
{
	ring_file_wake(container_of(work, struct cpuslab_ring_file, work));
}

/*
 * A hard interrupt also on PREEMPT_RT: other works that a CPU has when it goes
 * offline stay there until it returns. But there the lock may sleep.
 */
static void ring_file_wake_irq(struct irq_work *work)
{
	struct cpuslab_ring_file *file =
		container_of(work, struct cpuslab_ring_file, irq_work);

	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		queue_work(file->queue, &file->work);
	else
		ring_file_wake(file);
}

/*
 * A CPU that is not online might never run the work, which would stay pending,
 * so that no CPU could queue it. When the CPU is online, or dead, the domain is
 * notified, and its client here wakes the consumer.
 */
void cpuslab__ring_file_wake(const struct cpuslab__ring_shape *shape)
{
	struct cpuslab_ring_file *file =
		container_of(shape, struct cpuslab_ring_file, ring.shape);

	if (!IS_ENABLED(CONFIG_IRQ_WORK))
		return;
	preempt_disable_notrace();
	if (likely(cpu_online(smp_processor_id())))
		irq_work_queue(&file->irq_work);
	preempt_enable_notrace();
}

/* ---- the consumer -------------------------------------------------------- */

int cpuslab_ring_file_open(struct cpuslab_ring_file *file)
{
	int err = 0;
	u32 i;

	mutex_lock(&file->lock);
	if (file->open) {
		err = -EBUSY;
		goto unlock;
	}
	file->open = true;
	kref_get(&file->users);
	for (i = 0; i < file->count; i++)
		file->cpus[i].reported_state = 0;
unlock:
	mutex_unlock(&file->lock);
	return err;
}

static void ring_file_free(struct kref *users)
{
	cpuslab_port_free(container_of(users, struct cpuslab_ring_file, users));
}

void cpuslab_ring_file_release(struct cpuslab_ring_file *file)
{
	mutex_lock(&file->lock);
	file->open = false;
	mutex_unlock(&file->lock);
	kref_put(&file->users, ring_file_free);
}

__poll_t cpuslab_ring_file_poll(struct cpuslab_ring_file *file,
				struct file *filp,
				struct poll_table_struct *wait)
{
	__poll_t events = 0;
	u64 tail, consumed;
	u32 i;

	/*
	 * [ring_file.wait] Before it looks; pairs with ring_file_wake(). In
	 * another order it sleeps while there are records.
	 */
	poll_wait(filp, &file->wait, wait);
	mutex_lock(&file->lock);
	if (file->dead)
		events = EPOLLHUP;
	for (i = 0; i < file->top && !file->dead; i++) {
		const struct ring_file_cpu *cpu = &file->cpus[i];

		if (ring_file_has_event(cpu) ||
		    (!cpu->tried && ring_file_can_trim(file, cpu)))
			events |= EPOLLPRI;
		if (!cpu->present)
			continue;
		ring_file_positions(file, cpu, &tail, &consumed);
		if ((tail ^ consumed) & file->ring.shape.wake)
			events |= EPOLLIN;
	}
	mutex_unlock(&file->lock);
	return events;
}

/* What read() has not returned yet. False: nothing. */
static bool ring_file_event(struct cpuslab_ring_file *file, u32 index,
			    struct cpuslab_ring_event *event)
{
	const struct ring_file_cpu *cpu = &file->cpus[index];
	bool any;

	mutex_lock(&file->lock);
	any = !file->dead && ring_file_has_event(cpu);
	event->offset = ring_file_offset(file, index, cpu->generation);
	event->bytes = file->bytes;
	event->generation = cpu->generation;
	event->cpu = index ? index - 1 : CPUSLAB_SHARED;
	event->state = ring_file_state(cpu);
	mutex_unlock(&file->lock);
	return any;
}

static ssize_t ring_file_events(struct cpuslab_ring_file *file,
				char __user *buffer, size_t count)
{
	struct cpuslab_ring_event event;
	size_t done = 0;
	u32 i;

	for (i = 0; i < READ_ONCE(file->top); i++) {
		struct ring_file_cpu *cpu = &file->cpus[i];

		if (count - done < sizeof(event))
			break;
		if (!ring_file_event(file, i, &event))
			continue;
		/* A fault takes mmap_lock, inside of which the lock is. */
		if (copy_to_user(buffer + done, &event, sizeof(event)))
			return done ? (ssize_t)done : -EFAULT;
		mutex_lock(&file->lock);
		cpu->reported = event.generation;
		cpu->reported_state = event.state;
		mutex_unlock(&file->lock);
		done += sizeof(event);
	}
	return (ssize_t)done;
}

static bool ring_file_take_trim(struct cpuslab_ring_file *file, u32 index)
{
	struct ring_file_cpu *cpu = &file->cpus[index];
	bool can;

	mutex_lock(&file->lock);
	can = ring_file_can_trim(file, cpu);
	if (can)
		cpu->tried = true;
	mutex_unlock(&file->lock);
	return can;
}

/*
 * Free the rings of CPUs that are offline and have been consumed. If it fails,
 * for lack of memory, the next read tries again.
 */
static void ring_file_trim(struct cpuslab_ring_file *file)
{
	u32 i;

	mutex_lock(&file->trimming);
	for (i = 1; i < READ_ONCE(file->top) && !file->dead; i++)
		if (ring_file_take_trim(file, i))
			(void)cpuslab__release(file->slab, i - 1, false);
	mutex_unlock(&file->trimming);
}

ssize_t cpuslab_ring_file_read(struct cpuslab_ring_file *file,
			       struct file *filp, char __user *buffer,
			       size_t count)
{
	if (count < sizeof(struct cpuslab_ring_event))
		return -EINVAL;
	for (;;) {
		u64 changes = READ_ONCE(file->changes);
		ssize_t done;
		int err;

		ring_file_trim(file);
		done = ring_file_events(file, buffer, count);
		if (done || READ_ONCE(file->dead))
			return done;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(
			file->wait, READ_ONCE(file->changes) != changes);
		if (err)
			return err;
	}
}

/* ---- life ---------------------------------------------------------------- */

static int ring_file_init(struct cpuslab_ring_file *file,
			  struct cpuslab_domain *domain,
			  const struct cpuslab_ring_file_config *config)
{
	const struct cpuslab_slab_config slab_config = {
		.size = sizeof(slab_config),
		.name = config->name ? config->name : "ring",
		.block_bytes = config->bytes,
		.flags = config->slab_flags,
	};
	int err = cpuslab_slab_create(&file->slab, domain, &slab_config);

	if (err)
		return err;
	file->slab->port = &file->port;
	err = cpuslab_ring_init(&file->ring, file->slab, config->bytes,
				config->flags);
	if (err)
		goto destroy_slab;
	file->ring.shape.wake = ~(config->watermark - 1);
	cpuslab__ring_pages_show(&file->slab->extents->blocks,
				 file->slab->limit);
	file->client.ops = &ring_file_client_ops;
	file->client.name = file->slab->name;
	file->client.arg = file;
	/* After the slab, a removed CPU can be released. */
	file->client.order = CPUSLAB_CLIENT_ORDER_SLAB - 1;
	err = cpuslab_client_init(&file->client, domain);
	if (err)
		goto destroy_slab;
	return 0;
destroy_slab:
	cpuslab_slab_destroy(file->slab);
	return err;
}

/*
 * A queue of its own: in the module's the wake-up would wait for work of all
 * slabs. WQ_MEM_RECLAIM for the same reason as there.
 */
static int ring_file_alloc_queue(struct cpuslab_ring_file *file)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		return 0;
	if (!cpuslab__inject_fails())
		file->queue = alloc_workqueue(
			"%.15s/ring", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM,
			1, KBUILD_MODNAME);
	return file->queue ? 0 : -ENOMEM;
}

static void ring_file_free_queue(struct cpuslab_ring_file *file)
{
	if (file->queue)
		destroy_workqueue(file->queue);
}

static int ring_file_watermark(struct cpuslab_ring_file_config *config)
{
	if (!config->watermark)
		config->watermark = config->bytes / 8;
	if (!is_power_of_2(config->watermark) ||
	    config->watermark > config->bytes / 4)
		return -EINVAL;
	return 0;
}

int cpuslab_ring_file_create(struct cpuslab_ring_file **file,
			     struct cpuslab_domain *domain,
			     const struct cpuslab_ring_file_config *config)
{
	struct cpuslab_ring_file_config own;
	struct cpuslab_ring_file *created;
	u32 count;
	int err;

	might_sleep();
	*file = NULL;
	if (!IS_ENABLED(CONFIG_IRQ_WORK))
		return -EOPNOTSUPP;
	err = CPUSLAB__CONFIG_LOAD(&own, cpuslab_ring_file_config, slab_flags,
				   config);
	if (!err)
		err = domain ? ring_file_watermark(&own) : -EINVAL;
	if (err)
		return err;
	count = cpuslab_domain_limit(domain) + 1;
	created = cpuslab_port_zalloc(struct_size(created, cpus, count));
	if (!created)
		return -ENOMEM;
	created->port.file = created;
	created->bytes = own.bytes;
	created->count = count;
	created->retain = own.slab_flags & CPUSLAB_SLAB_RETAIN;
	kref_init(&created->users);
	created->irq_work = IRQ_WORK_INIT_HARD(ring_file_wake_irq);
	INIT_WORK(&created->work, ring_file_wake_work);
	init_waitqueue_head(&created->wait);
	mutex_init(&created->trimming);
	mutex_init(&created->lock);
	err = ring_file_alloc_queue(created);
	if (err)
		goto free;
	err = ring_file_init(created, domain, &own);
	if (err)
		goto free_queue;
	*file = created;
	return 0;
free_queue:
	ring_file_free_queue(created);
free:
	cpuslab_port_free(created);
	return err;
}

void cpuslab_ring_file_destroy(struct cpuslab_ring_file *file)
{
	if (!file)
		return;
	mutex_lock(&file->trimming);
	mutex_lock(&file->lock);
	WRITE_ONCE(file->dead, true);
	WRITE_ONCE(file->changes, file->changes + 1);
	mutex_unlock(&file->lock);
	mutex_unlock(&file->trimming);
	wake_up_interruptible_poll(&file->wait, EPOLLHUP);
	cpuslab_client_fini(&file->client);
	if (IS_ENABLED(CONFIG_IRQ_WORK))
		irq_work_sync(&file->irq_work);
	ring_file_free_queue(file);
	/* Not the ring: its records stay where they are mapped. */
	cpuslab_slab_destroy(file->slab);
	kref_put(&file->users, ring_file_free);
}

struct cpuslab_ring *cpuslab_ring_file_ring(struct cpuslab_ring_file *file)
{
	return &file->ring;
}
