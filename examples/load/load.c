/* SPDX-License-Identifier: MIT */
/*
 * load.c - clients that request "/" repeatedly and count the answers.
 *
 * Each client is a thread with one connection at a time. Every eighth request
 * closes the connection; the next one opens another.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOAD_MAX 1024
#define LOAD_KEEP 8 /* requests on one connection */

struct load_client {
	pthread_t thread;
	int fd;
	uint64_t answered;
	uint64_t failed;
	uint64_t connections;
};

static struct sockaddr_in load_server = { .sin_family = AF_INET };
static double load_seconds = 2;
static unsigned long load_requests; /* per client; 0: no limit */
static volatile sig_atomic_t load_stops;

static void load_stop(int signal)
{
	(void)signal;
	load_stops = 1;
}

static double load_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool load_connect(struct load_client *client)
{
	int one = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return false;
	(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one,
			 sizeof(one));
	if (connect(client->fd, (struct sockaddr *)&load_server,
		    sizeof(load_server))) {
		close(client->fd);
		client->fd = -1;
		return false;
	}
	client->connections++;
	return true;
}

static bool load_send(int fd, const char *text)
{
	size_t rest = strlen(text);
	ssize_t sent;

	while (rest) {
		sent = send(fd, text, rest, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		text += sent;
		rest -= (size_t)sent;
	}
	return true;
}

/* The length of the whole answer, or 0 while it is not known. */
static size_t load_length(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\nContent-Length: ");

	if (!end || !length || length > end)
		return 0;
	return (size_t)(end + 4 - answer) +
	       strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
}

/* The length of the answer, or 0 after an error. */
static size_t load_receive(int fd, char *answer, size_t size)
{
	size_t filled = 0, length;
	ssize_t got;

	for (;;) {
		answer[filled] = '\0';
		length = load_length(answer);
		if (length && filled >= length)
			return filled == length ? length : 0;
		if (filled == size - 1)
			return 0;
		got = recv(fd, answer + filled, size - 1 - filled, 0);
		if (got <= 0)
			return 0;
		filled += (size_t)got;
	}
}

static bool load_ask(struct load_client *client, bool last)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	};
	char answer[2048];

	if (client->fd < 0 && !load_connect(client))
		return false;
	return load_send(client->fd, requests[last]) &&
	       load_receive(client->fd, answer, sizeof(answer)) &&
	       !strncmp(answer, "HTTP/1.1 200 ", 13);
}

static void load_close(struct load_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static bool load_goes_on(unsigned long i, double end)
{
	return load_requests ? i <= load_requests : load_now() < end;
}

static void *load_main(void *arg)
{
	struct load_client *client = arg;
	double end = load_now() + load_seconds;
	unsigned long i;
	bool last;

	for (i = 1; !load_stops && load_goes_on(i, end); i++) {
		last = i % LOAD_KEEP == 0;
		if (load_ask(client, last)) {
			client->answered++;
		} else {
			client->failed++;
			last = true;
		}
		if (last)
			load_close(client);
	}
	load_close(client);
	return NULL;
}

static int load_run(unsigned int count)
{
	static struct load_client clients[LOAD_MAX];
	struct load_client sum = { .fd = -1 };
	unsigned int i;

	signal(SIGTERM, load_stop);
	signal(SIGINT, load_stop);
	for (i = 0; i < count; i++) {
		clients[i].fd = -1;
		if (pthread_create(&clients[i].thread, NULL, load_main,
				   &clients[i])) {
			fputs("cpuslab-load: cannot start a thread\n", stderr);
			return 1;
		}
	}
	for (i = 0; i < count; i++) {
		pthread_join(clients[i].thread, NULL);
		sum.answered += clients[i].answered;
		sum.failed += clients[i].failed;
		sum.connections += clients[i].connections;
	}
	printf("answered %llu failed %llu connections %llu\n",
	       (unsigned long long)sum.answered, (unsigned long long)sum.failed,
	       (unsigned long long)sum.connections);
	return sum.failed ? 1 : 0;
}

static int load_page(const char *path)
{
	static char answer[1 << 20];
	struct load_client client = { .fd = -1 };
	char request[256];

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		 path);
	if (!load_connect(&client) || !load_send(client.fd, request) ||
	    !load_receive(client.fd, answer, sizeof(answer))) {
		fputs("cpuslab-load: no answer\n", stderr);
		return 1;
	}
	load_close(&client);
	fputs(strstr(answer, "\r\n\r\n") + 4, stdout);
	return 0;
}

static const char load_usage[] =
	"usage: cpuslab-load [-c CLIENTS] [-s SECONDS] [-n REQUESTS] PORT\n"
	"       cpuslab-load -g PATH PORT\n"
	"\n"
	"Send requests for / to port PORT of 127.0.0.1 and count the answers.\n"
	"\n"
	"  -c CLIENTS   concurrent clients, one connection each (default: 8)\n"
	"  -s SECONDS   how long to send requests (default: 2)\n"
	"  -n REQUESTS  requests of each client, instead of a time\n"
	"  -g PATH      print the page PATH instead\n"
	"  -h           print this text\n"
	"\n"
	"SIGTERM and SIGINT end it early. The last line of the output is\n"
	"\"answered N failed N connections N\"; the status is 0 if no request\n"
	"failed.\n";

static int load_misused(void)
{
	fputs(load_usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *page = NULL;
	unsigned long count = 8;
	int option;

	while ((option = getopt(argc, argv, "c:s:n:g:h")) != -1)
		switch (option) {
		case 'c':
			count = strtoul(optarg, NULL, 10);
			break;
		case 's':
			load_seconds = strtod(optarg, NULL);
			break;
		case 'n':
			load_requests = strtoul(optarg, NULL, 10);
			break;
		case 'g':
			page = optarg;
			break;
		case 'h':
			fputs(load_usage, stdout);
			return 0;
		default:
			return load_misused();
		}
	if (optind + 1 != argc || !count || count > LOAD_MAX)
		return load_misused();
	load_server.sin_port = htons((uint16_t)atoi(argv[optind]));
	load_server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return page ? load_page(page) : load_run((unsigned int)count);
}
