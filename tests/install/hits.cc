// SPDX-License-Identifier: MIT
//
// hits.cc - the other file with the same inline functions.
#include "hits.h"

const hits_functions hits_elsewhere = {
	hits_add,
	hits_on_null,
	hits_twice<long>,
};
