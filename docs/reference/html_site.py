# SPDX-License-Identifier: MIT
"""Writes the HTML reference: a page for each header, and two indexes."""

import json
import os
import re
import shutil
import textwrap

import man
import overview
import html_page as page
import html_guides as guides

STATIC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
SECTIONS = (("Context", "Context"), ("Order", "Memory order"),
            ("Return", "Returns"))


def blocks(site, header, content):
    found, items = [], []

    def end():
        if items:
            found.append("<ul>\n%s\n</ul>" % "\n".join(items))
            items.clear()

    for kind, text in content:
        if kind == "item":
            items.append("<li>%s</li>" % site.inline(text, header))
            continue
        end()
        if kind == "pre":
            text = textwrap.dedent(text.expandtabs(8))
            found.append("<pre>%s</pre>" % page.escape(text))
        else:
            found.append("<p>%s</p>" % site.inline(text, header))
    end()
    return "\n".join(found)


def definitions(site, header, pairs, name):
    """A list of (term, text); @name is its class."""
    if not pairs:
        return ""
    return '<dl class="%s">\n%s\n</dl>' % (name, "\n".join(
        "<dt>%s</dt><dd>%s</dd>" % (term, site.inline(text, header))
        for term, text in pairs))


def sections(site, item):
    pairs = []
    for name, title in SECTIONS:
        texts = site.known.section(item, name)
        for number, (other, text) in enumerate(texts):
            before = "%s(): " % other if number else ""
            pairs.append(("" if number else title,
                          before + man.sentence(text)))
    return definitions(site, item.header, pairs, "facts")


def function(site, item):
    header, comment = item.header, item.comment
    shown = item.prototype if item.kind != "function" else "\n".join(
        prototype_lines(item))
    params = [("<var>%s</var>" % name, text)
              for name, text in comment.params.items()]
    site.record(item.name, item.kind, page.item_href(item), comment.text())
    return '<section id="%s">\n<h3><a href="#%s">%s</a></h3>\n%s' % (
        item.name, item.name, item.name, "\n".join(filter(None, (
            site.code(shown, header).replace("<pre>", '<pre class="proto">'),
            "<p>%s</p>" % site.inline(man.sentence(comment.summary), header),
            definitions(site, header, params, "params"),
            blocks(site, header, comment.body),
            sections(site, item), "</section>"))))


def prototype_lines(item):
    return [re.sub(r"\\f[BIP]|\\%", "", line).replace("\\-", "-")
            for line in man.prototype(item)]


def declaration(site, item):
    header, comment = item.header, item.comment
    site.record(item.name, item.kind, page.item_href(item),
                comment.text() + " " + item.code)
    for name in item.enumerators:
        if name != item.name:
            site.record(name, "constant", page.item_href(item),
                        item.enumerators[name])
    params = [("<code>%s</code>" % name, text)
              for name, text in comment.params.items()]
    summary = "<p>%s</p>" % site.inline(man.sentence(
        comment.summary), header) if comment.summary else ""
    return '<section id="%s">\n<h3><a href="#%s">%s</a></h3>\n%s' % (
        item.name, item.name, item.name, "\n".join(filter(None, (
            summary, blocks(site, header, comment.body),
            site.code(item.code, header),
            definitions(site, header, params, "params"), "</section>"))))


def summary_list(site, items):
    return definitions(site, items[0].header, [
        ('<a href="%s">%s</a>' % (page.item_href(i), i.name),
         man.sentence(i.comment.summary)) for i in items], "list")


def header_page(site, header):
    own, types = header.functions(), header.types()
    site.record(header.include, "header", page.header_href(header),
                header.brief + " " + header.comment.text())
    parts = ["<h1>%s</h1>" % header.include,
             '<p class="brief">%s</p>' % site.inline(
                 man.sentence(header.brief), header),
             "<pre>#include &lt;%s&gt;</pre>" % header.include,
             blocks(site, header, header.comment.body)]
    parts.append(definitions(site, header, [
        (title, man.sentence(header.comment.sections[name]))
        for name, title in SECTIONS if name in header.comment.sections],
        "facts"))
    if own:
        parts += ["<h2>Functions</h2>", summary_list(site, own)]
    sync = header.sync or header.comment.sections.get("Synchronization")
    if sync:
        parts += ['<h2 id="synchronization">Synchronization</h2>',
                  blocks(site, header, sync)]
    if types:
        parts += ['<h2 id="types">Types and constants</h2>']
        if man.has_legend(types):
            parts += ["<p>%s</p>" % man.LEGEND]
        parts += [declaration(site, item) for item in types]
    if own:
        parts += ['<h2 id="functions">The functions in detail</h2>']
        parts += [function(site, item) for item in own]
    site.write(page.header_href(header), header.include, "\n".join(
        filter(None, parts)))


def index_page(site):
    general = next(h for h in site.known.headers if h.base == "cpuslab.h")
    rows = []
    for need, bases in overview.tasks():
        names = ", ".join(site.span("header", base, site.known.includes[base])
                          for base in bases)
        rows.append("<tr><td>%s</td><td>%s</td></tr>" % (
            page.escape(need), names))
    about = overview.read("README.md").split("\n\n")[1].replace("\n", " ")
    entries = [(page.guide_href(path), title)
               for path, title in site.guides.items()]
    site.write("index.html", "cpuslab", "\n".join((
        "<h1>cpuslab</h1>", '<p class="brief">%s</p>' % page.escape(about),
        "<h2>By task</h2>",
        '<div class="scroll"><table><thead><tr><th scope="col">You need</th>'
        '<th scope="col">Header</th></tr></thead><tbody>', "\n".join(rows),
        "</tbody></table></div>", "<h2>By system</h2>", systems(site),
        "<h2>Guides</h2>", site.links(entries, ""), "<h2>Terms, failures and callbacks</h2>",
        blocks(site, general, general.comment.body))))


def systems(site):
    """The headers of ports."""
    return "\n".join("<h3>%s</h3>\n%s" % (title, definitions(
        site, own[0], [('<a href="%s">%s</a>' % (page.header_href(h), h.base),
                        man.sentence(h.brief)) for h in own], "list"))
        for prefix, title in page.GROUPS[1:]
        if (own := [h for h in site.known.headers
                    if h.path.startswith(prefix)]))


def functions_page(site):
    items = sorted((i for h in site.known.headers for i in h.functions()),
                   key=lambda i: i.name.lstrip("_"))
    site.write("functions.html", "Functions, A to Z",
               "<h1>Functions, A to Z</h1>\n" + summary_list(site, items))


def write(known, folder, version):
    texts = guides.load()
    site = page.Site(known, {path: guides.title(text)
                             for path, text in texts.items()}, folder, version)
    for header in known.headers:
        header_page(site, header)
    for path, text in texts.items():
        guides.write(site, path, text)
    options(site)
    index_page(site)
    functions_page(site)
    for name in os.listdir(STATIC):
        shutil.copy(os.path.join(STATIC, name), folder)
    with open(os.path.join(folder, "search-index.js"), "w",
              encoding="utf-8") as file:
        file.write("searchIndex(%s);\n" % json.dumps(
            site.records, ensure_ascii=False, separators=(",", ":")))


def options(site):
    for name, text in re.findall(r"option\('(\w+)'.*?description: '([^']*)'",
                                 overview.read("meson_options.txt"), re.S):
        site.record("-D" + name, "option",
                    page.guide_href("CONTRIBUTING.md") + "#build-and-test",
                    text)
