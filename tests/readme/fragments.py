#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make whole files of a page's blocks of C: fragments.py PAGE FOLDER.

What comes before the first statement or local constant is outside of functions,
the rest is the body of one, fragment_N(). DECLARED has the names that a block
leaves open.
"""

import pathlib
import re
import sys

import blocks

STATEMENT = re.compile(r"(if|for|while|const)\b|\w+(\(| = )", re.A)

# What is in a block: what its page takes for granted there.
DECLARED = {
    "cpuslab_percid_counter_init": """
#include <cpuslab/cpuslab.h>
static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
""",
    "static struct cpuslab_counter packets;": """
#include <linux/module.h>
MODULE_LICENSE("GPL");
static int err;
static u64 total;
""",
    "drops = CPUSLAB_COUNTER_INIT": "#include <cpuslab/cpuslab.h>\n",
    "sum(&drops)": "static uint64_t total;\n",
    "cpuslab_stack_init": """
#include <cpuslab/cpuslab.h>
static int err;
static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_stack stack;
""",
    "cpuslab_workers_init": """
#include <cpuslab/cpuslab.h>
static int err;
extern struct cpuslab_domain *domain;
extern struct cpuslab_workers workers;
extern struct cpuslab_message message;
extern u32 cpu;
extern void handle(void *arg, u32 on, const struct cpuslab_message *message);
#define me NULL
""",
    "DEFINE_CPUSLAB": """
#include <linux/types.h>
static int err;
static u64 total;
extern struct cpuslab_domain *domain;
""",
    "CPUSLAB_SLAB_ACCOUNT": """
#include <cpuslab/cpuslab.h>
static int err;
static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_type type;
static struct cpuslab_percpu handle;
""",
    "device_mmap": """
#include <linux/module.h>
#include <linux/fs.h>
extern struct cpuslab_ring_file *device_rings;
""",
    "misc_register": """
#include <linux/miscdevice.h>
#include <cpuslab/cpuslab.h>
#include <cpuslab/ring_file.h>
static int err;
static struct cpuslab_domain *domain;
static struct cpuslab_ring_file *device_rings;
static struct miscdevice device_misc;
static u64 record;
static u32 bytes;
""",
    "cpuslab_kernel_init": """
#include <ntddk.h>
#include <cpuslab/cpuslab.h>
static struct cpuslab_domain *domain;
static struct cpuslab_hotplug *hotplug;
static struct cpuslab_slab *slab;
static struct cpuslab_counter packets;
""",
    "SetProcessAffinityUpdateMode": "#include <windows.h>\n",
}

# A page whose fragment also runs.
MAIN = {
    "docs/containers.md": """
int main(void)
{
	return cpuslab_domain_create(&domain, NULL) || fragment_0();
}
""",
}


def whole(text):
    """Has the block all that a program has?"""
    return re.search(r"^int main\(", text, re.M)


def source(text, number, page):
    if whole(text):
        return text
    lines = text.splitlines(keepends=True)
    first = next((n for n, line in enumerate(lines)
                  if STATEMENT.match(line)), len(lines))
    declared = [value for key, value in DECLARED.items() if key in text]
    return "%s%s\nint fragment_%d(void);\nint fragment_%d(void)\n{\n%s\n" \
        "\treturn 0;\n}\n%s" % (
            "".join(declared), "".join(lines[:first]), number, number,
            "".join(lines[first:]), MAIN.get(page, ""))


def main():
    page, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    found = [b for b in blocks.blocks_of(page) if b.language == "c"]
    for number, block in enumerate(found):
        kind = "program" if whole(block.text) else "fragment"
        path = folder / ("%s%d.c" % (kind, number))
        path.write_text(source(block.text, number, page), encoding="utf-8")
        print(path)
    return not found


if __name__ == "__main__":
    sys.exit(main())
