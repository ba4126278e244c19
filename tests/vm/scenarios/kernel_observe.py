# SPDX-License-Identifier: MIT
"""What an administrator sees: tracepoints, the listing in debugfs, the log."""

import kernel
import kernel_drivers

from harness import Scenario


def files(build):
    return kernel.files(build) | kernel_drivers.files(build) | {
        "/etc/passwd": "nobody:x:65534:65534::/:/bin/sh\n"}


SCRIPT = """
T=/sys/kernel/tracing
mount -t tracefs tracefs $T 2>/dev/null
""" + kernel.PRELUDE + """
EVENTS=$T/events/cpuslab_cpuslab_test
L=$D/cpuslab_cpuslab_test
seen() {	# EVENT [CPU]: how often, of the slab "test"
	grep -c " $1: domain=test slab=test cpu=${2:-[0-9]*} bytes=[1-9][0-9]*\\( result=-12\\)\\?\\$" $T/trace
}
domain_sees() {	# EVENT COUNT CPU RESULT
	[ "$(grep -c " $1: domain=test cpu=$3 result=$4\\$" $T/trace)" -eq "$2" ]
}
sees() { [ "$(seen "$1" $3)" -eq "$2" ] || { echo "$1: $(seen "$1" $3), not $2"; return 1; }; }
counts() {	# EVENT STATISTIC: since the trace began
	sees "$1" $(($(stat "$2") - $(cat /tmp/at-$2)))
}

check "eight events" [ "$(ls $EVENTS | grep -c -x -e admit -e release -e refuse -e shared -e add_start -e add_complete -e add_failure -e remove)" = 8 ]
for s in admissions releases refusals shared_ops; do
	stat $s >/tmp/at-$s
done
echo 1 >$EVENTS/enable
check "plug in two" plug 2 3
check "they come online" online 2 3
check "two are admitted" sees admit 2
check "one was CPU 3" sees admit 1 3
check "the domain prepared it" domain_sees add_start 1 3 0
check "and completed it" domain_sees add_complete 1 3 0
check "one goes offline" offline 3
check "the domain removed it" domain_sees remove 1 3 0
check "its block is retained" sees release 0
check "trim" cmd trim
check "it is released" sees release 1 3
check "it returns" online 3
check "it is admitted again" sees admit 2 3
offline 3
cmd trim
cmd fail-all 1
check "without memory it is refused" refuses online 3
cmd fail-all 0
check "and that is seen" sees refuse 1 3
check "with the error" grep -q ' refuse: domain=test slab=test cpu=3 .* result=-12$' $T/trace
check "also in the domain" domain_sees add_start 1 3 -12
offline 1
sed -n 's,: workqueue:online,,p' $CPUS/hotplug/states >$CPUS/cpu1/hotplug/fail
check "an add fails after it started" refuses online 1
check "and is undone" domain_sees add_failure 1 1 0
check "not completed" domain_sees add_complete 0 1 0
check "it succeeds" online 1
check "and is completed" domain_sees add_complete 1 1 0
check "operations use the shared block" cmd shared 5
check "which is seen" [ "$(grep -c 'shared: domain=empty slab=shared cpu=[0-9]* bytes=4096$' $T/trace)" = 5 ]
check "perf counts it as well" [ "$(perf_count "$(cat $EVENTS/shared/id)" "echo shared 7 >$D/cpuslab_test/command")" = 7 ]
echo 0 >$EVENTS/enable
grep domain=test $T/trace | head -n 3
check "as many admissions as counted" counts admit admissions
check "as many releases" counts release releases
check "as many refusals" counts refuse refusals
check "as many shared operations" counts shared shared_ops
check "a filter by fields" sh -c "echo 'cpu == 3 && bytes > 0 && slab == \\"test\\"' >$EVENTS/admit/filter"

check "the domain is listed" grep -x "name test" $L/domains
check "its CPUs are" grep -x "online 3" $L/domains
check "the slab is listed" sh -c "sed -n '/^name test$/,/^$/p' $L/slabs | grep -x 'domain test'"
check "its statistics are those of the slab" [ "$(sed -n '/^name test$/,/^$/s/^admissions //p' $L/slabs)" = "$(stat admissions)" ]
check "the same as JSON" grep -q '^{"version":.*"domains":\\[{"id":[0-9]*,"name":"test",.*"slabs":\\[{.*"name":"test",.*}\\],"counters":.*}$' $L/json
check "and as metrics" grep -x "cpuslab_slab_admissions_total{domain=\\"test\\",slab=\\"test\\",id=\\"[0-9]*\\"} $(stat admissions)" $L/metrics
as_nobody() { su nobody -s /bin/sh -c "$*"; }
check "its files can be read, and no more" [ "$(busybox stat -c %a $L/* | xargs)" = "444 444 444 444" ]
check "by root either" refuses sh -c "echo >$L/json"
check "by no other user" refuses as_nobody cat $L/json
mount -o remount,mode=755 /sys/kernel/debug
check "unless the folder above is open to all" as_nobody cat $L/json
check "and no more" refuses as_nobody "echo >$L/json"
mount -o remount,mode=700 /sys/kernel/debug
names() { grep -c '^name' $L/slabs; }
before=$(names)
check "names that forge lines" cmd strange 1
check "are escaped as text" grep -x 'name a\\\\x0aname "b' $L/slabs
check "also of the domain" grep -x 'name c\\\\x0aname "d' $L/domains
check "and as JSON" grep -q '"name":"a\\\\u000aname \\\\"b"' $L/json
check "also of the domain" grep -q '"name":"c\\\\u000aname \\\\"d"' $L/json
check "and as metrics" grep '{domain="c\\\\nname \\\\"d",slab="a\\\\nname \\\\"b",id="[0-9]*"}' $L/metrics
check "no line was forged" [ "$(names)" = $((before + 1)) ]
cmd strange 0
check "the slab is no longer listed" [ "$(names)" = "$before" ]
reads() {
	while [ -e /tmp/reading ]; do
		cat $L/slabs $L/domains $L/json $L/metrics >/dev/null || return 1
	done
}
touch /tmp/reading
reads &
one=$!
reads &
two=$!
check "slabs and domains come and go meanwhile" cmd strange-storm ${LONG:+1}30
rm /tmp/reading
check "all reads succeed" wait $one
check "likewise" wait $two

limited() {	# a flood of one line does not keep another from the log
	cmd flood 1000
	[ "$(dmesg | grep -c 'cpuslab_test: flood')" -lt 30 ] &&
		dmesg | grep -q 'cpuslab_test: not flood'
}
check "the log is limited for each line" limited

check "the library as a module" insmod /shared/cpuslab.ko
check "the driver on top of it" insmod /shared/cpuslab_sample.ko
check "whose events have a name of their own" test -e $T/events/cpuslab/admit
check "as has its listing" grep -x "name sample" $D/cpuslab/slabs
check "unload the driver" rmmod cpuslab_sample
check "without a domain there is no listing" [ ! -e $D/cpuslab ]
check "unload the library" rmmod cpuslab
""" + kernel.FINALE + """
check "nothing is listed any more" [ ! -e $L ]
check "there are no events any more" [ ! -e $EVENTS ]
"""

SCENARIO = Scenario(
    title="a module: tracepoints, the listing in debugfs, the log",
    files=files,
    programs=("perf_count",),
    script=SCRIPT,
    requires=("CONFIG_TRACEPOINTS", "CONFIG_EVENT_TRACING"),
    timeout=60,
)
