/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's view of what the firmware measured: what it prints, and trees that lie.
 *
 * Include: hypervisor/include hypervisor . abi tests/native build/third_party/libfdt
 * Link: build/third_party/libfdt
 */
