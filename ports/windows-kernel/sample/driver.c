/* SPDX-License-Identifier: MIT */
/*
 * driver.c - a driver that counts events on each processor, including
 * processors added later.
 */
#include "driver.h"

#include <wdmsec.h>

DRIVER_INITIALIZE DriverEntry;

struct cpuslab_domain *sample_domain;
struct cpuslab_counter sample_events;

static struct cpuslab_slab *sample_slab;
static struct cpuslab_hotplug *sample_hotplug;
static PDEVICE_OBJECT sample_control_device; /* NULL: none */

void sample_event(void)
{
	cpuslab_counter_add(&sample_events, 1);
}

/* ---- cpuslab ------------------------------------------------------------- */

static void sample_stop(void)
{
	/* In reverse order; what was never created is NULL. */
	if (sample_slab && !cpuslab_percpu_is_null(&sample_events.handle))
		cpuslab_counter_fini(&sample_events);
	cpuslab_slab_destroy(sample_slab);
	cpuslab_hotplug_destroy(sample_hotplug);
	cpuslab_domain_destroy(sample_domain);
	cpuslab_kernel_fini();
	memset(&sample_events, 0, sizeof(sample_events));
	sample_slab = NULL;
	sample_hotplug = NULL;
	sample_domain = NULL;
}

static int sample_start(void)
{
	const struct cpuslab_domain_config domain = {
		.size = sizeof(domain),
		.name = "sample",
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	const struct cpuslab_slab_config slab = {
		.size = sizeof(slab),
		.name = "statistics",
		.block_bytes = 4096,
	};
	int err = cpuslab_kernel_init();

	if (!err)
		err = cpuslab_domain_create(&sample_domain, &domain);
	/* First, so that no change of processors is missed. */
	if (!err)
		err = cpuslab_hotplug_create(&sample_hotplug, sample_domain,
					     NULL);
	if (!err)
		err = cpuslab_slab_create(&sample_slab, sample_domain, &slab);
	if (!err)
		err = cpuslab_counter_init(&sample_events, sample_slab);
	if (err)
		sample_stop();
	return err;
}

/* ---- requests ------------------------------------------------------------ */

static void sample_report_rows(struct sample_report *report)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(sample_domain);
	uint32_t cpu;

	report->online = cpuslab_cpumask_count(set);
	for (cpu = cpuslab_remote_next(&sample_events.handle, 0);
	     cpu != CPUSLAB_NO_CPU && report->rows < SAMPLE_ROWS;
	     cpu = cpuslab_remote_next(&sample_events.handle, cpu + 1)) {
		const uint64_t *word =
			cpuslab_remote(&sample_events.handle, cpu);

		report->row[report->rows].cpu = cpu;
		report->row[report->rows].online =
			cpuslab_cpumask_has(set, cpu);
		report->row[report->rows++].events =
			cpuslab_load_acquire_u64(word);
	}
	cpuslab_cpumask_put(set);
}

static void sample_report(struct sample_report *report)
{
	struct cpuslab_stats stats;

	memset(report, 0, sizeof(*report));
	cpuslab_stats_get(sample_slab, &stats);
	report->generation = stats.generation;
	report->committed = stats.committed_bytes;
	report->limit = stats.limit;
	report->steered = sample_steered();
	report->interrupt = sample_interrupt();
	sample_report_rows(report);
	report->events = cpuslab_counter_sum(&sample_events);
}

static NTSTATUS sample_request(const IO_STACK_LOCATION *stack, void *buffer,
			       ULONG_PTR *bytes)
{
	uint64_t count;

	switch (stack->Parameters.DeviceIoControl.IoControlCode) {
	case SAMPLE_COUNT:
		if (stack->Parameters.DeviceIoControl.InputBufferLength <
		    sizeof(count))
			return STATUS_BUFFER_TOO_SMALL;
		count = *(const uint64_t *)buffer;
		if (count > SAMPLE_MAX_COUNT)
			return STATUS_INVALID_PARAMETER;
		while (count--)
			sample_event();
		return STATUS_SUCCESS;
	case SAMPLE_READ:
		if (stack->Parameters.DeviceIoControl.OutputBufferLength <
		    sizeof(struct sample_report))
			return STATUS_BUFFER_TOO_SMALL;
		sample_report(buffer);
		*bytes = sizeof(struct sample_report);
		return STATUS_SUCCESS;
	default:
		return STATUS_INVALID_DEVICE_REQUEST;
	}
}

static NTSTATUS NTAPI sample_control(PDEVICE_OBJECT device, PIRP irp)
{
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;

	irp->IoStatus.Information = 0;
	if (device == sample_control_device)
		status = sample_request(IoGetCurrentIrpStackLocation(irp),
					irp->AssociatedIrp.SystemBuffer,
					&irp->IoStatus.Information);
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS NTAPI sample_complete(PDEVICE_OBJECT device, PIRP irp)
{
	(void)device;
	irp->IoStatus.Status = STATUS_SUCCESS;
	irp->IoStatus.Information = 0;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return STATUS_SUCCESS;
}

/* ---- load and unload ----------------------------------------------------- */

NTSTATUS sample_control_create(PDRIVER_OBJECT driver)
{
	UNICODE_STRING path, link;
	NTSTATUS status;

	if (sample_control_device)
		return STATUS_SUCCESS;
	RtlInitUnicodeString(&path, L"\\Device\\" SAMPLE_NAME);
	RtlInitUnicodeString(&link, L"\\DosDevices\\" SAMPLE_NAME);
	/* The system and administrators only. */
	status = IoCreateDeviceSecure(driver, 0, &path, FILE_DEVICE_UNKNOWN,
				      FILE_DEVICE_SECURE_OPEN, FALSE,
				      &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, NULL,
				      &sample_control_device);
	if (!NT_SUCCESS(status))
		return status;
	status = IoCreateSymbolicLink(&link, &path);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(sample_control_device);
		sample_control_device = NULL;
		return status;
	}
	/* The system does this after DriverEntry only, not after AddDevice. */
	sample_control_device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
	return STATUS_SUCCESS;
}

void sample_control_delete(void)
{
	UNICODE_STRING link;

	if (!sample_control_device)
		return;
	RtlInitUnicodeString(&link, L"\\DosDevices\\" SAMPLE_NAME);
	IoDeleteSymbolicLink(&link);
	IoDeleteDevice(sample_control_device);
	sample_control_device = NULL;
}

static VOID NTAPI sample_unload(PDRIVER_OBJECT driver)
{
	(void)driver;
	sample_control_delete();
	sample_stop();
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	NTSTATUS status = cpuslab_kernel_status(sample_start());

	(void)path;
	if (!NT_SUCCESS(status))
		return status;
	driver->MajorFunction[IRP_MJ_CREATE] = sample_complete;
	driver->MajorFunction[IRP_MJ_CLOSE] = sample_complete;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = sample_control;
	driver->MajorFunction[IRP_MJ_PNP] = sample_pnp;
	driver->MajorFunction[IRP_MJ_POWER] = sample_power;
	driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = sample_system_control;
	driver->DriverExtension->AddDevice = sample_add_device;
	/* Last, since from here on a program may open it. */
	status = sample_control_create(driver);
	if (!NT_SUCCESS(status)) {
		sample_stop();
		return status;
	}
	driver->DriverUnload = sample_unload;
	return STATUS_SUCCESS;
}
