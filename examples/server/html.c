/* SPDX-License-Identifier: MIT */
/*
 * html.c - write the page for people.
 */
#include <inttypes.h>

#include "html.h"

static const char html_style[] =
	":root { color-scheme: light dark; --paper: #fff; --ink: #1c2128;\n"
	"  --soft: #57606a; --line: #d0d7de; --link: #0a58ca; --bar: #2a6fdb }\n"
	"@media (prefers-color-scheme: dark) { :root { --paper: #0f1318;\n"
	"  --ink: #e4e9ee; --soft: #a3adb8; --line: #343b44;\n"
	"  --link: #7ab7ff; --bar: #4c94f0 } }\n"
	"body { max-width: 48rem; margin: 1rem auto; padding: 0 1rem;\n"
	"  color: var(--ink); background: var(--paper);\n"
	"  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }\n"
	"h1, h2 { line-height: 1.2; font-size: 1.5rem }\n"
	"h2 { font-size: 1.2rem; margin-top: 2rem }\n"
	"a { color: var(--link) }\n"
	"nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem;\n"
	"  padding: 0; list-style: none }\n"
	"table { width: 100%; border-collapse: collapse;\n"
	"  font-variant-numeric: tabular-nums }\n"
	"caption { padding-bottom: .5rem; color: var(--soft); text-align: left }\n"
	"th, td { padding: .3rem 1rem .3rem 0; text-align: left;\n"
	"  border-bottom: 1px solid var(--line) }\n"
	"th { overflow-wrap: normal }\n"
	"th:last-child, td:last-child { width: 60%; padding-right: 0 }\n"
	"thead th { color: var(--soft) }\n"
	"tfoot th, tfoot td { border: 0 }\n"
	".none { color: var(--soft) }\n"
	".share { display: grid; grid-template-columns: 8rem 1fr;\n"
	"  gap: 1rem; align-items: center }\n"
	".share b { font-weight: inherit; text-align: right }\n"
	".share i { height: .8rem; min-width: 1px; background: var(--bar);\n"
	"  border-radius: 2px; forced-color-adjust: none }\n"
	"dt { font-weight: bold }\n"
	"dd { margin: 0 0 .6rem }\n"
	"@media (max-width: 40rem) {\n"
	"  table { font-size: .9rem }\n"
	"  th, td { padding-right: .6rem }\n"
	"  .share { grid-template-columns: 1fr; gap: 0 }\n"
	"  .share b { text-align: left } }\n"
	"@media (max-width: 22rem) {\n"
	"  body { padding: 0 .5rem }\n"
	"  table { font-size: .8rem }\n"
	"  th, td { padding-right: .4rem } }\n";

/* In the words of the documentation. */
static const char html_terms[] =
	"<h2 id=\"terms\">Terms</h2>\n"
	"<dl>\n"
	"<dt>CPU</dt>\n"
	"<dd>The number that the system gives it. CPUs that the server could "
	"never use are not shown, so numbers have gaps.</dd>\n"
	"<dt>Worker</dt>\n"
	"<dd>The thread that serves connections on a CPU. It is parked while the "
	"server may not use that CPU; its connections move to others.</dd>\n"
	"<dt id=\"copy\">Copy</dt>\n"
	"<dd>What a CPU adds to when it counts a request. A CPU gets its copy "
	"when it is added, or by its first operation.</dd>\n"
	"<dt id=\"shared\">Shared copy</dt>\n"
	"<dd>What a CPU without a copy of its own adds to.</dd>\n"
	"<dt id=\"folded\">Folded</dt>\n"
	"<dd>Counted in copies of CPUs that were removed. Before a copy is freed, "
	"what it has is added to the total: no request is lost.</dd>\n"
	"</dl>\n"
	"<p>The rows are read one after the other, then the total. What the total "
	"has more is shown as folded, so that includes requests that are answered "
	"in between.</p>\n";

static void html_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
}

/* In groups of three digits. */
static void html_number(FILE *out, uint64_t number)
{
	if (number >= 1000) {
		html_number(out, number / 1000);
		fprintf(out, ",%03u", (unsigned int)(number % 1000));
	} else {
		fprintf(out, "%u", (unsigned int)number);
	}
}

static void html_head(FILE *out, const struct html_facts *facts)
{
	fputs("<!DOCTYPE html>\n"
	      "<html lang=\"en\">\n"
	      "<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, "
	      "initial-scale=1\">\n",
	      out);
	if (facts->live)
		fputs("<meta http-equiv=\"refresh\" content=\"2\">\n", out);
	/* Without an icon a browser asks for one, and counts as an error. */
	fputs("<link rel=\"icon\" href=\"data:,\">\n<title>", out);
	html_text(out, facts->host);
	fprintf(out, ": cpuslab-server</title>\n<style>\n%s</style>\n</head>\n",
		html_style);
}

static void html_summary(FILE *out, const struct overview *overview,
			 const struct html_facts *facts)
{
	fputs("<h1>cpuslab-server on ", out);
	html_text(out, facts->host);
	fputs("</h1>\n<p>Requests answered: ", out);
	html_number(out, overview->total);
	fputs(". Connections open: ", out);
	html_number(out, facts->connections);
	fprintf(out,
		". CPUs in use: %" PRIu32 " of %" PRIu32 " possible.</p>\n",
		facts->online, overview->limit);
	fputs("<nav aria-label=\"Pages\"><ul>\n", out);
	if (facts->live)
		fputs("<li><a href=\"/\">Stop reading again</a></li>\n", out);
	else
		fputs("<li><a href=\"/\">Read again</a></li>\n"
		      "<li><a href=\"/live\">Read again every 2 seconds</a>"
		      "</li>\n",
		      out);
	fputs("<li><a href=\"/metrics\">Metrics</a></li>\n"
	      "<li><a href=\"/status\">Status</a></li>\n"
	      "<li><a href=\"#terms\">Terms</a></li>\n"
	      "</ul></nav>\n",
	      out);
}

/* ---- the table ----------------------------------------------------------- */

static uint64_t html_highest(const struct overview *overview)
{
	uint64_t highest = overview->shared > overview->folded ?
				   overview->shared :
				   overview->folded;
	uint32_t cpu;

	for (cpu = 0; cpu < overview->limit; cpu++)
		if (overview->cpu[cpu].counted > highest)
			highest = overview->cpu[cpu].counted;
	return highest;
}

/* A number and its bar, which is hidden from screen readers. */
static void html_share(FILE *out, uint64_t count, uint64_t highest)
{
	fputs("<td><div class=\"share\"><b>", out);
	html_number(out, count);
	fputs("</b>", out);
	if (count)
		fprintf(out,
			"<i aria-hidden=\"true\" style=\"width: %.1f%%\"></i>",
			(double)count / (double)highest * 100);
	fputs("</div></td></tr>\n", out);
}

static void html_cpu(FILE *out, uint32_t number, const struct overview_cpu *cpu,
		     uint64_t highest)
{
	fprintf(out, "<tr><th scope=\"row\">%u</th>", number);
	if (cpu->has_worker)
		fprintf(out, "<td%s</td><td>%" PRIu32 "</td>",
			cpu->parked ? " class=\"none\">parked" : ">runs",
			cpu->connections);
	else
		fputs("<td class=\"none\">none</td><td></td>", out);
	if (cpu->has_copy)
		html_share(out, cpu->counted, highest);
	else
		fputs("<td><div class=\"share\"><b class=\"none\">no copy</b>"
		      "</div></td></tr>\n",
		      out);
}

static void html_table(FILE *out, const struct overview *overview)
{
	uint64_t highest = html_highest(overview);
	uint32_t cpu;

	fputs("<table>\n"
	      "<caption>Requests by the <a href=\"#copy\">copy</a> in which they "
	      "were counted</caption>\n"
	      "<thead><tr><th scope=\"col\">CPU</th><th scope=\"col\">Worker</th>"
	      "<th scope=\"col\">Connections</th><th scope=\"col\">Requests</th>"
	      "</tr></thead>\n"
	      "<tbody>\n",
	      out);
	for (cpu = 0; cpu < overview->limit; cpu++)
		if (overview->cpu[cpu].has_worker ||
		    overview->cpu[cpu].has_copy)
			html_cpu(out, cpu, &overview->cpu[cpu], highest);
	fputs("<tr><th scope=\"row\" colspan=\"3\"><a href=\"#shared\">"
	      "Shared copy</a></th>",
	      out);
	html_share(out, overview->shared, highest);
	fputs("<tr><th scope=\"row\" colspan=\"3\"><a href=\"#folded\">"
	      "Folded</a></th>",
	      out);
	html_share(out, overview->folded, highest);
	fputs("</tbody>\n"
	      "<tfoot><tr><th scope=\"row\" colspan=\"3\">Total</th>"
	      "<td><div class=\"share\"><b>",
	      out);
	html_number(out, overview->total);
	fputs("</b></div></td></tr></tfoot>\n</table>\n", out);
}

void html_write(FILE *out, const struct overview *overview,
		const struct html_facts *facts)
{
	html_head(out, facts);
	fputs("<body>\n<main>\n", out);
	html_summary(out, overview, facts);
	html_table(out, overview);
	fprintf(out, "%s</main>\n</body>\n</html>\n", html_terms);
}
