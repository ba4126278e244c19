/* SPDX-License-Identifier: MIT */
/*
 * wdmsec.c - what the sample uses of the WDK's wdmsec.lib, for mingw-w64, which
 * lacks that library. A driver that is built with the WDK links the original.
 */
#include <ntifs.h>
#include <wdmsec.h>

#include <cpuslab/base.h>

/* A descriptor with its two entries behind it, as the kernel stores it. */
struct wdmsec_ace {
	ACE_HEADER header;
	ACCESS_MASK mask;
	UCHAR revision, count; /* the rest is a SID */
	UCHAR authority[6];
	ULONG subauthority[2];
};

struct wdmsec_descriptor {
	SECURITY_DESCRIPTOR_RELATIVE header;
	ACL acl;
	/* SYSTEM has one subauthority; the second is not part of its SID. */
	struct wdmsec_ace system, administrators;
};

const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_ALL =
	RTL_CONSTANT_STRING(L"D:P(A;;GA;;;SY)(A;;GA;;;BA)");

#define WDMSEC_ACE(subauthorities, first, second)                              \
	{                                                                      \
		.header = { .AceType = ACCESS_ALLOWED_ACE_TYPE,                \
			    .AceSize = sizeof(struct wdmsec_ace) },            \
		.mask = FILE_ALL_ACCESS, .revision = SID_REVISION,             \
		.count = subauthorities, .authority = { 0, 0, 0, 0, 0, 5 },    \
		.subauthority = {                                              \
			first,                                                 \
			second                                                 \
		}                                                              \
	}

static const struct wdmsec_descriptor wdmsec_sys_all_adm_all = {
	.header = { .Revision = SECURITY_DESCRIPTOR_REVISION,
		    .Control = SE_SELF_RELATIVE | SE_DACL_PRESENT |
			       SE_DACL_PROTECTED,
		    .Dacl = sizeof(SECURITY_DESCRIPTOR_RELATIVE) },
	.acl = { .AclRevision = ACL_REVISION,
		 .AclSize = sizeof(ACL) + 2 * sizeof(struct wdmsec_ace),
		 .AceCount = 2 },
	.system = WDMSEC_ACE(1, SECURITY_LOCAL_SYSTEM_RID, 0),
	.administrators = WDMSEC_ACE(2, SECURITY_BUILTIN_DOMAIN_RID,
				     DOMAIN_ALIAS_RID_ADMINS),
};

CPUSLAB_STATIC_ASSERT(offsetof(struct wdmsec_descriptor, acl) ==
			      sizeof(SECURITY_DESCRIPTOR_RELATIVE),
		      "the entries follow the descriptor");

static NTSTATUS wdmsec_protect(PDEVICE_OBJECT device)
{
	struct wdmsec_descriptor descriptor = wdmsec_sys_all_adm_all;
	HANDLE handle;
	NTSTATUS status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL,
						WRITE_DAC, NULL, KernelMode,
						&handle);

	if (!NT_SUCCESS(status))
		return status;
	status = ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION,
				     &descriptor);
	ZwClose(handle);
	return status;
}

/* The descriptor above only, whatever is asked for; no class. */
NTSTATUS WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT driver, ULONG extension,
				    PUNICODE_STRING name, DEVICE_TYPE type,
				    ULONG characteristics, BOOLEAN exclusive,
				    PCUNICODE_STRING descriptor, LPCGUID class,
				    PDEVICE_OBJECT *device)
{
	NTSTATUS status;

	if (descriptor->Buffer != SDDL_DEVOBJ_SYS_ALL_ADM_ALL.Buffer || class)
		return STATUS_NOT_SUPPORTED;
	status = IoCreateDevice(driver, extension, name, type,
				characteristics | FILE_DEVICE_SECURE_OPEN,
				exclusive, device);
	if (!NT_SUCCESS(status))
		return status;
	/* It cannot be opened yet: it is marked as initializing. */
	status = wdmsec_protect(*device);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(*device);
		*device = NULL;
	}
	return status;
}
