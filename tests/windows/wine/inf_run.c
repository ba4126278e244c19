/* SPDX-License-Identifier: MIT */
/*
 * inf_run.c - the sample's .inf, as Wine's setup reads it: it has the right
 * class, copies the driver to the drivers' folder, and creates the service that
 * starts it.
 */
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include <setupapi.h>

#include "run.h"

#define INF_SERVICE "CpuslabSample"

static int inf_failures;

static void inf_check(int good, const char *what, int line)
{
	if (good)
		return;
	inf_failures++;
	printf("the sample's .inf: inf_run.c:%d: %s (%lu)\n", line, what,
	       GetLastError());
}

#define CHECK(cond) inf_check((cond), #cond, __LINE__)

static long inf_size(const char *path)
{
	WIN32_FILE_ATTRIBUTE_DATA data;

	if (!GetFileAttributesExA(path, GetFileExInfoStandard, &data))
		return -1;
	return (long)data.nFileSizeLow;
}

static void inf_copies(HINF inf, const char *folder, const char *target)
{
	void *callback = SetupInitDefaultQueueCallback(NULL);
	char source[MAX_PATH];

	snprintf(source, sizeof(source), "%s\\cpuslab-sample.sys", folder);
	CHECK(SetupInstallFromInfSectionA(
		NULL, inf, "Sample_Install", SPINST_FILES, NULL, folder, 0,
		SetupDefaultQueueCallbackA, callback, NULL, NULL));
	SetupTermDefaultQueueCallback(callback);
	CHECK(inf_size(source) > 0 && inf_size(target) == inf_size(source));
}

/* The properties of the service. */
static void inf_serves(HINF inf, const char *target)
{
	union {
		QUERY_SERVICE_CONFIGA config;
		char bytes[4096];
	} its;
	SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
	SC_HANDLE service;
	DWORD bytes;

	CHECK(SetupInstallServicesFromInfSectionA(
		inf, "Sample_Install.Services", 0));
	service = OpenServiceA(manager, INF_SERVICE, SERVICE_ALL_ACCESS);
	CHECK(service != NULL);
	CHECK(QueryServiceConfigA(service, &its.config, sizeof(its), &bytes));
	CHECK(its.config.dwServiceType == SERVICE_KERNEL_DRIVER);
	CHECK(its.config.dwStartType == SERVICE_DEMAND_START);
	CHECK(!strcasecmp(its.config.lpBinaryPathName, target));
	CHECK(strstr(its.config.lpDisplayName, "cpuslab sample") != NULL);
	CHECK(DeleteService(service));
	CloseServiceHandle(service);
	CloseServiceHandle(manager);
}

/* The device's line names the section that installs it. */
static void inf_names_device(HINF inf)
{
	char section[64] = "", id[64] = "";
	INFCONTEXT line;

	CHECK(SetupFindFirstLineA(inf, "Sample.NTamd64.6.1", NULL, &line));
	CHECK(SetupGetStringFieldA(&line, 1, section, sizeof(section), NULL));
	CHECK(SetupGetStringFieldA(&line, 2, id, sizeof(id), NULL));
	CHECK(!strcmp(section, "Sample_Install"));
	CHECK(!strcmp(id, "Root\\CpuslabSample"));
	CHECK(SetupFindFirstLineA(inf, "Manufacturer", "cpuslab", &line));
}

int inf_run(const char *folder)
{
	char path[MAX_PATH], target[MAX_PATH];
	UINT line = 0;
	HINF inf;

	snprintf(path, sizeof(path), "%s\\cpuslab-sample.inf", folder);
	GetSystemDirectoryA(target, MAX_PATH - 40);
	strcat(target, "\\drivers\\cpuslab-sample.sys");
	inf = SetupOpenInfFileA(path, "System", INF_STYLE_WIN4, &line);
	CHECK(inf != INVALID_HANDLE_VALUE);
	if (inf != INVALID_HANDLE_VALUE) {
		inf_names_device(inf);
		inf_copies(inf, folder, target);
		inf_serves(inf, target);
		SetupCloseInfFile(inf);
		DeleteFileA(target);
	}
	printf("the sample's .inf: %s\n", inf_failures ? "FAILED" : "ok");
	return inf_failures != 0;
}
