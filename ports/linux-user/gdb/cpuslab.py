# SPDX-License-Identifier: MIT
"""cpuslab in gdb: sums, the copy of each CPU, slabs and domains.

    (gdb) source cpuslab.py     # if gdb has not loaded it with the library
    (gdb) help cpuslab
    (gdb) print hits
    (gdb) print $cpuslab_sum(hits)

It reads the memory of a process or a core, calls nothing in it, and takes the
library's private structures from debug information: those of the copy of the
library to which an object belongs, because a process may have several.
"""

import collections
import struct

import gdb
import gdb.printing

WINDOW = 1 << 20  # CPUSLAB_PORT_BLOCK_MAX
CHUNK = 128       # CPUSLAB__CHUNK
NODES = 1000000   # of a stack that is counted
WORDS = 8         # of a copy that are shown
LIVE, BIAS = 1 << 63, 1 << 61  # of a reference count
INNER = ("handle", "copies", "gauge", "histogram")  # to a handle
COUNTER, GAUGE = 2, 3  # CPUSLAB__OF_NAMED_*
STATES = ("absent", "prepared", "live", "draining", "dead")
FLAGS = ((8, "registered"), (16, "admission pending"), (32, "was registered"),
         (64, "started"))
FREED = ("", "", ", being freed")
PRESENT = ("absent", "preparing", "online")
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
NO_DEBUG = "no debug information of the library"


class Unknown(Exception):
    """What cannot be shown, and why."""


# ---- memory and types ------------------------------------------------------

def byte_order():
    shown = gdb.execute("show endian", to_string=True)
    return ">" if "big endian" in shown else "<"


def read(address, count, size=8):
    """Unsigned integers; unlike a value, thousands of them are read at once."""
    if not count:
        return ()
    try:
        memory = bytes(gdb.selected_inferior().read_memory(address,
                                                           count * size))
    except (gdb.error, OverflowError, MemoryError) as error:
        raise Unknown("its copies are not readable, nor in the core: %s"
                      % error) from error
    return struct.unpack("%s%d%s" % (byte_order(), count, CODES[size]), memory)


def chain(at):
    """What a pointer to the first of a list leads to."""
    found = set()
    while int(at):
        if int(at) in found:
            raise Unknown("a list that does not end at %#x" % int(at))
        found.add(int(at))
        yield at.dereference()
        at = at["next"]


def word_of(words, number):
    return words[number] if number < len(words) else "unknown %d" % number


def pointer_size():
    return gdb.lookup_type("void").pointer().sizeof


def text(value):
    """A name on one line, in characters that gdb can show; of NULL nothing."""
    charset, is_null = gdb.host_charset(), not int(value[0].address)
    name = "" if is_null else value.string("utf-8", "backslashreplace")
    name = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
    return name.encode(charset, "backslashreplace").decode(charset)


def file_of(address):
    return gdb.solib_name(address) or gdb.current_progspace().filename


class Copy:
    """One copy of the library, with the types that it was compiled with."""

    def __init__(self, block):
        self.block = block.static_block

    def at(self, name, address):
        try:
            found = gdb.lookup_type("struct " + name, self.block)
        except gdb.error as error:
            raise Unknown(NO_DEBUG) from error
        return gdb.Value(address).cast(found.pointer()).dereference()

    def slab(self, address):
        return Slab(self, self.at("cpuslab_slab", address))

    def domain(self, address):
        return Domain(self, self.at("cpuslab_domain", address))


def library_of(client):
    """The copy that has the slab of which @client is the address."""
    try:
        found = gdb.lookup_type("struct cpuslab_client").pointer()
    except gdb.error as error:
        raise Unknown(NO_DEBUG) from error
    try:
        code = int(gdb.Value(client).cast(found)["ops"]["trim"])
    except gdb.MemoryError as error:
        raise Unknown("no slab at %#x" % client) from error
    block = gdb.block_for_pc(code)
    if block is None:
        raise Unknown("%s in %s" % (NO_DEBUG, file_of(code)))
    return Copy(block)


def registries():
    """(copy of the library, its registry of domains and slabs)"""
    for objfile in gdb.objfiles():
        symbol = objfile.lookup_global_symbol("cpuslab_port_registry")
        if symbol:
            yield Copy(symbol.symtab.static_block()), symbol.value()


def registered(member):
    """(copy of the library, address) of each domain or slab."""
    for library, registry in registries():
        newest = library.at("cpuslab__listed", registry["newest"]).address
        yield from ((library, int(one[member])) for one in chain(newest)
                    if int(one[member]))


# ---- slabs and domains -----------------------------------------------------

class Slab:
    def __init__(self, copy, value):
        self.copy, self.value = copy, value
        self.address = int(value.address)
        self.name = text(value["name"])
        self.summary = value["summary"].dereference()

    def domain(self):
        found = int(self.value["client"]["domain"])
        return self.copy.domain(found) if found else None

    def extents(self):
        return chain(self.value["extents"])

    def states(self):
        """(CPU, state and flags as words)"""
        limit = int(self.value["limit"])
        for cpu, state in enumerate(read(int(self.value["state"]), limit, 1)):
            if state:
                words = [word for flag, word in FLAGS if state & flag]
                yield cpu, ", ".join([word_of(STATES, state % 8)] + words)

    def record(self, slot):
        return self.value["chunks"][slot // CHUNK][slot % CHUNK]

    def members(self):
        """The CPUs whose copies count."""
        addends = self.summary["addends"]
        return read(int(addends["numbers"]), int(addends["count"]), 2)

    def residual(self, slot):
        """What released CPUs have left of an object."""
        addends = self.summary["addends"]
        if slot >= int(addends["slots"]):
            return ()
        begin, end = read(int(addends["first"]) + 4 * slot, 2, 4)
        return read(int(addends["residual"]) + 8 * begin, end - begin)

    def show(self):
        value, domain = self.value, self.domain()
        yield "slab %s at %#x%s" % (
            self.name, self.address,
            ", domain " + domain.name if domain else "")
        for extent in self.extents():
            blocks = extent["blocks"]
            yield "  blocks of %d bytes%s" % (
                blocks["bytes"],
                ", each a mapping" if int(blocks["directory"]) else "")
        for cpu, state in self.states():
            yield "  %s %d: %s" % ("id" if value["by_cid"] else "cpu", cpu,
                                   state)
        yield "  objects %d" % value["objects"]
        records = map(self.record, range(int(value["slots"])))
        for what, count in collections.Counter(
                "%s of %d bytes%s" % (
                    text(record["type"]["name"]), record["size"],
                    word_of(FREED, int(record["state"])))
                for record in records if int(record["state"])).items():
            yield "    %d %s" % (count, what)
        for field in ("admissions", "on_demand", "refusals", "releases",
                      "release_deferred", "shared_ops"):
            yield "  %s %d" % (field, value[field])
        if int(value["release_deferred"]):
            yield "  deferred_by " + text(value["deferred_by"])


class Domain:
    def __init__(self, copy, value):
        self.copy, self.value = copy, value
        self.address = int(value.address)
        self.name = text(value["name"])

    def clients(self):
        return chain(self.value["first"])

    def slabs(self):
        return [slab for slab in known_slabs()
                if int(slab.value["client"]["domain"]) == self.address]

    def show(self):
        value = self.value
        yield "domain %s at %#x" % (self.name, self.address)
        states = read(int(value["state"]), int(value["limit"]), 1)
        for cpu, state in enumerate(states):
            if state:
                yield "  cpu %d: %s" % (cpu, word_of(PRESENT, state))
        for one in self.clients():
            yield "  client %s, order %d" % (text(one["name"]), one["order"])
        if int(value["refusal"]["error"]):
            yield "  cpu %d was refused by %s: %d" % (
                value["refusal"]["cpu"], text(value["refusal"]["client"]),
                value["refusal"]["error"])


def known_slabs():
    return [library.slab(at) for library, at in registered("slab")]


def known_domains():
    return [library.domain(at) for library, at in registered("domain")]


# ---- objects ---------------------------------------------------------------

def struct_of(value):
    """What is at the end of pointers and references."""
    while value.type.strip_typedefs().code in (gdb.TYPE_CODE_PTR,
                                               gdb.TYPE_CODE_REF):
        value = (value.referenced_value()
                 if value.type.strip_typedefs().code == gdb.TYPE_CODE_REF
                 else value.dereference())
    return value


def tag_of(value):
    return value.type.strip_typedefs().unqualified().tag or ""


def has(value, name):
    kind = value.type.strip_typedefs()
    return kind.code == gdb.TYPE_CODE_STRUCT and \
        any(one.name == name for one in kind.fields())


class Object:
    """What a handle names: an object of which each CPU has a copy."""

    def __init__(self, value):
        value = struct_of(value)
        self.whole = self.handle = value
        while tag_of(self.handle) != "cpuslab_percpu":
            inner = [name for name in INNER if has(self.handle, name)]
            if not inner:
                raise Unknown("neither a handle nor an object of cpuslab: %s"
                              % value.type)
            self.handle = self.handle[inner[0]]
        self.kind = int(self.handle["kind"])
        self.slab = self.record = None
        extent = int(self.handle["extent"])
        if extent:
            self.find(extent)
        elif self.kind not in (COUNTER, GAUGE):
            raise Unknown("a null handle: not initialised, or that failed")

    def find(self, extent):
        # An extent of any version begins with these two pointers.
        _, slab = read(extent, 2, pointer_size())
        self.slab = library_of(slab).slab(slab)
        self.extent = self.slab.copy.at("cpuslab_extent", extent)
        slot = int(self.handle["slot"])
        if slot >= int(self.slab.value["slots"]):
            raise Unknown("a handle of no object")
        self.record = self.slab.record(slot)
        if int(self.record["tag"]) != int(self.handle["tag"]):
            raise Unknown("a handle of an object that was freed")

    def counters(self):
        """How many words a sum adds up."""
        if not self.record:
            return self.kind - COUNTER + 1
        return int(self.record["type"]["counters"]) - int(self.handle["word"])

    def words(self):
        """The words of a copy, from that of the handle on."""
        return (int(self.record["size"]) // 8 - int(self.handle["word"])
                if self.record else 0)

    def address(self, cpu=None):
        """Of the copy of a CPU; of None, the shared one."""
        blocks, limit = self.extent["blocks"], int(self.slab.value["limit"])
        if int(blocks["directory"]):
            block = int(blocks["directory"][limit if cpu is None else cpu])
        else:
            block = int(blocks["object"]) + (-1 if cpu is None else cpu) \
                * WINDOW
        return block + int(self.handle["offset"])

    def copies(self, count):
        """(name, @count words) of all that a sum adds up."""
        if self.slab:
            name = "id" if self.slab.value["by_cid"] else "cpu"
            for cpu in sorted(self.slab.members()):
                yield "%s %d" % (name, cpu), read(self.address(cpu), count)
            yield "shared", read(self.address(), count)
            first = int(self.handle["word"])
            words = self.slab.residual(int(self.handle["slot"]))[first:][:count]
            yield "residual", words + (0,) * (count - len(words))
        if self.kind in (COUNTER, GAUGE):
            counter = gdb.lookup_type("struct cpuslab_counter")
            offset = next(one.bitpos // 8 for one in counter.fields()
                          if one.name == "early")
            yield "early", read(int(self.handle.address) + offset,
                                self.kind - COUNTER + 1)

    def sums(self, count):
        total = [0] * count
        for _, words in self.copies(count):
            for i, word in enumerate(words[:count]):
                total[i] = (total[i] + word) % (1 << 64)
        return total


def signed(word):
    return word - (1 << 64) if word >> 63 else word


# ---- what kinds of objects show --------------------------------------------

def show_counter(found):
    return str(found.sums(1)[0])


def show_gauge(found):
    was_in, out = found.sums(2)
    return str(signed((was_in - out) % (1 << 64)))


class Histogram:
    def __init__(self, found):
        value = found.whole
        value = value if has(value, "buckets") else value["histogram"]
        self.precision, self.buckets = (int(value["precision"]),
                                        int(value["buckets"]))
        self.counts = found.sums(self.buckets)
        self.total = sum(self.counts)

    def highest(self, bucket):
        if bucket + 1 >= self.buckets:
            return (1 << 64) - 1
        shift = max((bucket >> self.precision) - 1, 0)
        return (((bucket - (shift << self.precision)) + 1) << shift) - 1

    def percentile(self, ppm):
        rank = max(-(-self.total * ppm // 1000000), 1)
        for bucket, count in enumerate(self.counts):
            rank -= count
            if rank <= 0:
                return self.highest(bucket)
        return 0


def show_histogram(found):
    histogram = Histogram(found)
    return "count %d" % histogram.total + "".join(
        ", %s %d" % (name, histogram.percentile(ppm))
        for name, ppm in (("p50", 500000), ("p90", 900000), ("p99", 990000),
                          ("p99.9", 999000), ("p100", 1000000))
        if histogram.total)


def depth(top):
    count, size = 0, pointer_size()
    while top and count < NODES:
        top, count = read(top, 1, size)[0], count + 1
    return "%d%s" % (count, " or more" if top else "")


def show_stack(found):
    return "depth " + ", ".join(
        "%s: %s" % (name, depth(words[0]))
        for name, words in found.copies(1) if name != "residual")


def show_refcount(found):
    value = found.whole
    count = int(value["global"])
    state = "live" if count & LIVE else "killed"
    count &= LIVE - 1
    if count >= BIAS // 2:  # CPUs count, or one may still do so
        count += found.sums(2)[1] - int(value["summed"]) - BIAS
        count %= 1 << 64
    return "%d, %s" % (count, state)


def show_handle(found):
    if not found.record:
        return "without copies"
    return "%s of %d bytes in slab %s" % (
        text(found.record["type"]["name"]), found.record["size"],
        found.slab.name)


SHOW = {
    "counter": show_counter,
    "gauge": show_gauge,
    "histogram": show_histogram,
    "stack": show_stack,
    "refcount": show_refcount,
    "percpu": show_handle,
}


def kind_of(value):
    return tag_of(value).replace("cpuslab_", "", 1).replace("percid_", "")


class Printer:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        try:
            return SHOW[kind_of(self.value)](Object(self.value))
        except (Unknown, gdb.error) as why:  # also of memory that is no handle
            return "<%s>" % why


def printers():
    found = gdb.printing.RegexpCollectionPrettyPrinter("cpuslab")
    found.add_printer("cpuslab", "^cpuslab_(percid_)?(%s)$" % "|".join(SHOW),
                      Printer)
    return found


# ---- commands --------------------------------------------------------------

class Cpuslab(gdb.Command):
    """Objects of which each CPU has a copy, and the slabs that they are in."""

    def __init__(self):
        super().__init__("cpuslab", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class Command(gdb.Command):
    def __init__(self, word, lines):
        self.__doc__, self.lines = lines.__doc__, lines
        super().__init__("cpuslab " + word, gdb.COMMAND_DATA,
                         gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        try:
            for line in self.lines(argument.strip()):
                print(line)
        except (Unknown, gdb.error) as why:  # also of memory that is damaged
            raise gdb.GdbError("cpuslab: %s" % why) from why


def evaluate(argument):
    if not argument:
        raise Unknown("which one? An expression is missing")
    try:
        return gdb.parse_and_eval(argument)
    except gdb.error as error:
        raise Unknown(error if any(registries()) else NO_DEBUG) from error


def named(known, argument):
    """The first slab or domain of that name."""
    return next((one for one in known if one.name == argument), None)


def slab_of(argument):
    """By name, or an expression: a slab, or what is in one."""
    found = named(known_slabs(), argument)
    if found:
        return found
    value = struct_of(evaluate(argument))
    if tag_of(value) == "cpuslab_slab":
        address = int(value.address)
        return library_of(address).slab(address)
    slab = Object(value).slab
    if not slab:
        raise Unknown("it has no copies yet")
    return slab


def domain_of(argument):
    """By name, or an expression: a domain, or what has one."""
    found = named(known_domains(), argument)
    if found:
        return found
    if not named(known_slabs(), argument):
        value = struct_of(evaluate(argument))
        if tag_of(value) == "cpuslab_domain":
            found = [one for one in known_domains()
                     if one.address == int(value.address)]
            if not found:
                raise Unknown("no domain that is in use")
            return found[0]
    domain = slab_of(argument).domain()
    if not domain:
        raise Unknown("its domain was destroyed")
    return domain


def list_slabs(argument):
    """List slabs: cpuslab slabs [DOMAIN]

Those of a domain, or all, with the file of the library that they belong to."""
    slabs = domain_of(argument).slabs() if argument else known_slabs()
    if not slabs and not any(registries()):
        raise Unknown(NO_DEBUG + ", or its names have a prefix")
    for slab in slabs:
        states = [one for _, one in slab.states()
                  if not one.startswith(STATES[0])]
        yield "%#x %s: objects %d, CPUs in use %d, %s" % (
            slab.address, slab.name, slab.value["objects"], len(states),
            file_of(int(slab.value["client"]["ops"]["trim"])))


def show_slab(argument):
    """Show a slab: cpuslab slab NAME-OR-EXPRESSION

The state of each CPU, the objects, and what has been counted. EXPRESSION is a
slab or anything that lies in one."""
    return slab_of(argument).show()


def show_domain(argument):
    """Show a domain: cpuslab domain NAME-OR-EXPRESSION

Its CPUs and clients. EXPRESSION is a domain, or anything that lies in a slab of
one."""
    return domain_of(argument).show()


def show_sum(argument):
    """Sum over all copies: cpuslab sum EXPRESSION

Of a counter, gauge, histogram, handle, or another object that has counters."""
    found = Object(evaluate(argument))
    yield " ".join(map(str, found.sums(found.counters())))


def show_copies(argument):
    """Show the copy of each CPU: cpuslab copies EXPRESSION

Word by word, up to eight. A sum adds up all lines; "residual" is of CPUs whose
copies have been released."""
    found = Object(evaluate(argument))
    count = min(found.words() or found.counters(), WORDS)
    for name, words in found.copies(count):
        yield "%-10s%s" % (name, " ".join(map(str, words)))


class SumFunction(gdb.Function):
    """$cpuslab_sum(OBJECT): the sum of its first counter over all copies."""

    def __init__(self):
        super().__init__("cpuslab_sum")

    def invoke(self, value):
        try:
            return gdb.Value(Object(value).sums(1)[0])
        except (Unknown, gdb.error) as why:
            raise gdb.GdbError("cpuslab: %s" % why) from why


Cpuslab()
Command("slabs", list_slabs)
Command("slab", show_slab)
Command("domain", show_domain)
Command("sum", show_sum)
Command("copies", show_copies)
SumFunction()
gdb.printing.register_pretty_printer(gdb.current_objfile(), printers(), True)
