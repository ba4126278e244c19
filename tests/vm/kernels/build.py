#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Build a debug kernel for the guest tests, once, and print where it is.

On standard output, two lines; progress goes to standard error:

    bzImage PATH    the kernel, for qemu-system-x86_64 -kernel
    headers PATH    what modules are built against: make -C PATH M=FOLDER

Debian's linux-source-6.1 is fetched with apt-get download, which needs no
root, and configured as tinyconfig with base.config and KERNEL.config. The
result is cached by version of the source, configuration and compiler below
build/vm/debug/, so that a second call returns at once. The first takes about
ten minutes on two CPUs, and 3 GB of disk.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
KERNELS = ("kasan", "kcsan", "none")
SOURCE = "linux-source-6.1"
RECIPE = "1"    # increase it when this program changes its result

# Packages, and for each a file or program that shows that it is installed.
PACKAGES = {
    "bc": "bc", "bison": "bison", "flex": "flex", "gcc": "gcc",
    "libc6-dev": "/usr/include/stdio.h", "libelf-dev": "/usr/include/gelf.h",
    "make": "make", "xz-utils": "xz",
}


class Failure(Exception):
    """An error, with a text for the user."""


def say(text):
    print("kernels: " + text, file=sys.stderr, flush=True)


def output_of(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.DEVNULL, check=False)
    return result.stdout if result.returncode == 0 else ""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# ---- what to build ---------------------------------------------------------

def fragments(kernel):
    return [os.path.join(HERE, name + ".config") for name in ("base", kernel)]


def requested(paths):
    """{option: value} of configuration files; "n" is "is not set"."""
    options = {}
    for line in "\n".join(map(read, paths)).splitlines():
        if found := re.fullmatch(r"(CONFIG_\w+)=(.*)", line):
            options[found[1]] = found[2]
        elif found := re.fullmatch(r"# (CONFIG_\w+) is not set", line):
            options[found[1]] = "n"
    return options


def source_version():
    """The version of the source that apt would fetch, or None."""
    if not shutil.which("apt-cache"):
        return None
    found = re.search(r"Candidate: (\d\S*)",
                      output_of("apt-cache", "policy", SOURCE))
    return found[1] if found else None


def identity(kernel, version):
    """The identity of a kernel: the text of the file "info" next to it."""
    options = sorted(requested(fragments(kernel)).items())
    return "".join("%s: %s\n" % line for line in (
        ("kernel", kernel),
        ("recipe", RECIPE),
        ("options", hashlib.sha256(repr(options).encode()).hexdigest()),
        ("compiler", output_of("gcc", "--version").partition("\n")[0]),
        ("source", "%s %s" % (SOURCE, version))))


# ---- the cache -------------------------------------------------------------

def slot(cache, info):
    return os.path.join(cache, hashlib.sha256(info.encode()).hexdigest()[:16])


def cached(cache, info):
    """The folder of the kernel with the identity @info, or None."""
    folder = slot(cache, info)
    return folder if os.path.exists(os.path.join(folder, "info")) else None


def cached_any_source(cache, kernel):
    """The newest cached kernel, of any version of the source."""
    wanted = identity(kernel, "").split("source:")[0]
    found = []
    for name in os.listdir(cache) if os.path.isdir(cache) else ():
        info = os.path.join(cache, name, "info")
        if os.path.exists(info) and read(info).startswith(wanted):
            found.append((os.path.getmtime(info), os.path.dirname(info)))
    return max(found)[1] if found else None


def tell(folder):
    print("bzImage " + os.path.join(folder, "bzImage"))
    print("headers " + os.path.join(folder, "headers"))


# ---- the source ------------------------------------------------------------

def need_packages():
    missing = [package for package, sign in PACKAGES.items()
               if not (os.path.exists(sign) or shutil.which(sign))]
    if missing:
        raise Failure("missing packages (Debian's names): %s\ninstall them "
                      "as root: apt-get install --no-install-recommends %s"
                      % ((" ".join(missing),) * 2))


def run(command, cwd):
    result = subprocess.run(command, cwd=cwd, text=True, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise Failure("%s\n%s: status %d" % (result.stdout[-3000:],
                                             " ".join(command),
                                             result.returncode))


def download(work, version):
    """Fetch the package; returns its path."""
    wanted = re.compile(re.escape("%s_%s_" % (
        SOURCE, version.replace(":", "%3a"))) + r"\w+\.deb")

    def here():
        return [n for n in os.listdir(work) if wanted.fullmatch(n)]

    if not here():
        say("downloading %s %s (140 MB)" % (SOURCE, version))
        options = ["-o", "APT::Sandbox::User=root"] if not os.getuid() else []
        run(["apt-get", *options, "download", SOURCE + "=" + version], work)
    return os.path.join(work, here()[0])


def unpack(work, version):
    """The unpacked source of that version; returns its folder."""
    tree = os.path.join(work, "linux-" + version)
    if os.path.isdir(tree):
        return tree
    package = download(work, version)
    say("unpacking %s (1.5 GB)" % os.path.basename(package))
    fresh = os.path.join(work, "unpacking")
    shutil.rmtree(fresh, ignore_errors=True)
    run(["dpkg-deb", "-x", package, fresh], work)
    os.mkdir(os.path.join(fresh, "tree"))
    run(["tar", "-xJf", "usr/src/%s.tar.xz" % SOURCE, "-C", "tree",
         "--strip-components=1"], fresh)
    os.rename(os.path.join(fresh, "tree"), tree)
    shutil.rmtree(fresh)
    return tree


# ---- the build -------------------------------------------------------------

def environment():
    """Our environment, without what would change the build."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("ARCH", "CROSS_COMPILE", "MAKEFLAGS")
           and not name.startswith(("KBUILD_", "KCONFIG_"))}
    env.update(LC_ALL="C", KBUILD_BUILD_USER="cpuslab",
               KBUILD_BUILD_HOST="cpuslab")
    return env


def logged(command, tree, log, steps=False):
    """Run a command; its output goes to a file. Counts the steps if asked."""
    start = reported = time.monotonic()
    count = 0
    with open(log, "a", encoding="utf-8") as file:
        with subprocess.Popen(command, cwd=tree, env=environment(), text=True,
                              errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as child:
            for line in child.stdout:
                file.write(line)
                count += line.startswith("  ")
                if steps and time.monotonic() - reported > 30:
                    reported = time.monotonic()
                    say("%d steps, %d s" % (count, reported - start))
    if child.returncode:
        tail = "".join(read(log).splitlines(keepends=True)[-30:])
        raise Failure("%s%s: status %d; all of it: %s" % (
            tail, " ".join(command), child.returncode, log))


def configure(kernel, tree, out, log):
    make = ["make", "O=" + out]
    logged(make + ["tinyconfig"], tree, log)
    logged(["sh", "scripts/kconfig/merge_config.sh", "-m", "-O", out,
            os.path.join(out, ".config")] + fragments(kernel), tree, log)
    logged(make + ["olddefconfig"], tree, log)
    wanted = requested(fragments(kernel))
    got = requested([os.path.join(out, ".config")])
    lost = ["%s=%s (is %s)" % (name, value, got.get(name, "n"))
            for name, value in wanted.items() if got.get(name, "n") != value]
    if lost:
        raise Failure("options are missing from the configuration:\n  " +
                      "\n  ".join(lost))


def compile_kernel(tree, out, jobs, log):
    """The kernel, and Module.symvers with it: modpost reads both in one go."""
    make = ["make", "O=" + out, "-j%d" % jobs]
    logged(make + ["bzImage", "modules"], tree, log, steps=True)
    for name in ("arch/x86/boot/bzImage", "Module.symvers",
                 "scripts/mod/modpost", "scripts/module.lds"):
        if not os.path.exists(os.path.join(out, name)):
            raise Failure("the build did not make " + name)


# ---- what stays ------------------------------------------------------------

def wanted_of_source(path):
    """Does a module need this file of the source? As Debian's packages do."""
    folder, name = os.path.split(path)
    if folder in ("", "arch/x86"):
        return name.startswith("Makefile")
    if path.startswith("arch/x86/"):
        return "/include/" in path or name in ("Kbuild.platforms", "Platform")
    return path.startswith(("include/", "scripts/"))


def wanted_of_build(path):
    """Does a module need this file that the build has made?"""
    if path.endswith((".o", ".a", ".cmd")):
        return False
    return (path in (".config", "Module.symvers", "tools/objtool/objtool") or
            path.startswith(("include/", "scripts/", "arch/x86/include/")))


def copy_files(tree, target, wanted):
    """Copy the regular files below @tree that are wanted."""
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, tree)
            if wanted(inside) and stat.S_ISREG(os.lstat(path).st_mode):
                copy = os.path.join(target, inside)
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                shutil.copy2(path, copy)


def keep(tree, out, cache, info):
    """Put kernel and headers into the cache, whole or not at all."""
    folder = slot(cache, info)
    fresh = folder + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    headers = os.path.join(fresh, "headers")
    copy_files(tree, headers, wanted_of_source)
    copy_files(out, headers, wanted_of_build)
    shutil.copy2(os.path.join(out, "arch/x86/boot/bzImage"), fresh)
    with open(os.path.join(fresh, "info"), "w", encoding="utf-8") as file:
        file.write(info)
    os.rename(fresh, folder)
    return folder


def build(options, info, version):
    need_packages()
    start = time.monotonic()
    os.makedirs(options.work, exist_ok=True)
    out = os.path.join(options.work, "kernel-" + options.kernel)
    log = out + ".log"
    with open(os.path.join(options.work, "kernels.lock"), "w",
              encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder := cached(options.cache, info):   # built while we waited
            return folder
        tree = unpack(options.work, version)
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        open(log, "w", encoding="utf-8").close()
        say("%s of %s, %d jobs; the log: %s" %
            (options.kernel, version, options.jobs, log))
        configure(options.kernel, tree, out, log)
        compile_kernel(tree, out, options.jobs, log)
        folder = keep(tree, out, options.cache, info)
        shutil.rmtree(out)
    say("%s took %d s" % (options.kernel, time.monotonic() - start))
    return folder


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kernel", nargs="?", choices=KERNELS,
                        help="kasan: memory, locks, grace periods, leaks\n"
                             "kcsan: data races, missing barriers\n"
                             "none: built without preemption")
    parser.add_argument("-j", "--jobs", type=int, metavar="N",
                        default=os.cpu_count() or 1,
                        help="CPUs to use (default: %(default)s)")
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "vm"),
                        metavar="DIR", help="source and objects go there\n"
                        "(default: build/vm of this tree)")
    parser.add_argument("--cache", default=os.path.join(ROOT, "build", "vm", "debug"), metavar="DIR",
                        help="kernels are kept there\n(default: %(default)s)")
    parser.add_argument("--cached", action="store_true",
                        help="build nothing: status 1 if it is not there")
    parser.add_argument("--packages", action="store_true",
                        help="name the Debian packages that a build needs")
    options = parser.parse_args()
    if not options.kernel and not options.packages:
        parser.error("which kernel? " + " or ".join(KERNELS))
    options.work = os.path.abspath(options.work)
    options.cache = os.path.abspath(options.cache)
    return options


def find_or_build(options):
    version = source_version()
    info = identity(options.kernel, version)
    folder = (cached(options.cache, info) if version else
              cached_any_source(options.cache, options.kernel))
    if folder or options.cached:
        return folder
    if os.uname().machine != "x86_64":
        raise Failure("an x86-64 machine is needed to build")
    if not version:
        raise Failure("apt knows no %s; it is a package of Debian 12 "
                      "(apt-get update?)" % SOURCE)
    return build(options, info, version)


def main():
    options = arguments()
    if options.packages:
        print(" ".join(sorted(PACKAGES)))
        return 0
    try:
        folder = find_or_build(options)
    except Failure as failure:
        say(str(failure))
        return 1
    if not folder:
        say("%s is not in %s" % (options.kernel, options.cache))
        return 1
    tell(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
