# SPDX-License-Identifier: MIT
#
# cpuslab inside a module of your own. In its Kbuild or Makefile:
#
#	include $(src)/cpuslab/ports/linux-kernel/cpuslab.mk
#	mydriver-y := main.o $(cpuslab-objects)
#
# wherever the tree of cpuslab lies, below $(src) or elsewhere. No file of yours
# may be called mydriver.c, because Kbuild links mydriver.o of all of them.

cpuslab-root := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
cpuslab-from := $(shell realpath -m --relative-to=$(abspath $(src)) $(cpuslab-root))
cpuslab-objects := $(cpuslab-from)/lib/all.o $(cpuslab-from)/ports/linux-kernel/all.o
# The names in tracefs and debugfs, where those of two modules would collide.
cpuslab-module = cpuslab$(if $(filter-out cpuslab,$(modname)),_$(subst -,_,$(modname)))
CFLAGS_$(cpuslab-from)/ports/linux-kernel/all.o = -DCPUSLAB_MODULE_NAME=$(cpuslab-module)
clean-files += $(cpuslab-objects)

ccflags-y += -I$(cpuslab-root)/include -I$(cpuslab-root)/ports/linux-kernel
ldflags-y += -T $(cpuslab-root)/ports/linux-kernel/static.lds
