/* SPDX-License-Identifier: MIT */
/*
 * all.c - the portable tests of all nouns, as one unit that tests compile.
 */
#include "../approx/portable.c"
#include "../cache/portable.c"
#include "../client/portable.c"
#include "../histogram/portable.c"
#include "../log/portable.c"
#include "../mailbox/portable.c"
#include "../metrics/portable.c"
#include "../named/portable.c"
#include "../ops/portable.c"
#include "../percid/portable.c"
#include "../refcount/portable.c"
#include "../ring/portable.c"
#include "../section/portable.c"
#include "../stack/portable.c"
#include "../steering/portable.c"
#include "../words/portable.c"
#include "../workers/portable.c"
#include "portable.c"
