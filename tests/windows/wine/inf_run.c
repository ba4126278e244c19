/* SPDX-License-Identifier: MIT */
/*
 * inf_run.c - the sample's .inf, as Wine's setup reads it: it has the right
 * class, and for earlier systems copies the driver to the drivers' folder and
 * creates the service that starts it. Later ones run it from the driver store,
 * which Wine lacks: there the lines are only read.
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
		NULL, inf, "Sample_Earlier", SPINST_FILES, NULL, folder, 0,
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
		inf, "Sample_Earlier.Services", 0));
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

/* Is @field of @key's line in @section this text? */
static int inf_says(HINF inf, const char *section, const char *key, DWORD field,
		    const char *text)
{
	char found[128] = "";
	INFCONTEXT line;

	return SetupFindFirstLineA(inf, section, key, &line) &&
	       SetupGetStringFieldA(&line, field, found, sizeof(found), NULL) &&
	       !strcmp(found, text);
}

/* The lines of the device in @models name the section that installs it. */
static void inf_names_device(HINF inf, const char *models, const char *install)
{
	char hardware[64];

	CHECK(inf_says(inf, models, NULL, 1, install));
	CHECK(inf_says(inf, models, NULL, 2, "Root\\CpuslabSample"));
	snprintf(hardware, sizeof(hardware), "%s.HW", install);
	CHECK(inf_says(inf, hardware, "AddReg", 1, "Sample_Security"));
}

static void inf_runs_from_store(HINF inf, const char *path)
{
	char binary[64];

	CHECK(inf_says(inf, "DestinationDirs", "Sample_Files", 1, "13"));
	CHECK(inf_says(inf, "Sample_Install", "CopyFiles", 1, "Sample_Files"));
	CHECK(inf_says(inf, "Sample_Install.Services", "AddService", 3,
		       "Sample_Service"));
	/* As it is written, because Wine knows no folder with that number. */
	GetPrivateProfileStringA("Sample_Service", "ServiceBinary", "", binary,
				 sizeof(binary), path);
	CHECK(!strcmp(binary, "%13%\\cpuslab-sample.sys"));
}

static void inf_protects(HINF inf)
{
	INFCONTEXT line;
	char text[64];

	CHECK(SetupFindFirstLineA(inf, "Sample_Security", NULL, &line));
	CHECK(SetupGetStringFieldA(&line, 3, text, sizeof(text), NULL));
	CHECK(!strcmp(text, "Security"));
	CHECK(SetupGetStringFieldA(&line, 5, text, sizeof(text), NULL));
	CHECK(!strcmp(text, "D:P(A;;GA;;;SY)(A;;GA;;;BA)"));
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
		CHECK(inf_says(inf, "Manufacturer", "cpuslab", 1, "Sample"));
		inf_names_device(inf, "Sample.NTamd64.6.1", "Sample_Earlier");
		inf_names_device(inf, "Sample.NTamd64.10.0...16299",
				 "Sample_Install");
		inf_names_device(inf, "Sample.NTarm64.10.0...16299",
				 "Sample_Install");
		inf_protects(inf);
		inf_runs_from_store(inf, path);
		inf_copies(inf, folder, target);
		inf_serves(inf, target);
		SetupCloseInfFile(inf);
		DeleteFileA(target);
	}
	printf("the sample's .inf: %s\n", inf_failures ? "FAILED" : "ok");
	return inf_failures != 0;
}
