# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# mini.sh - an initramfs, and the accelerator in software: what run has when no
# profile changes it.  Sourced by run.
