/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every special purpose register of POWER8 that a domain can read or influence and that the world switch must
 * therefore carry (Power ISA 2.07, Book III-S appendix "special purpose registers"). The transactional memory
 * registers need MSR[TM] and are listed apart. MMCR0 and CFAR are kept at every exit, CTRL has different numbers
 * for reading and writing. SDR1, RMOR, LPCR and LPIDR describe the domain and are written from its plan.
 *
 * QEMU 7.2 keeps BESCRS and BESCRR beside BESCR and USIER beside SIER, and has the EAR of older processors. On POWER8
 * the first two set and clear bits of BESCR: they go before it. The other two are not there, and privileged code that
 * names a register that is not there does nothing.
 */
#ifndef ARCH_GUEST_SPRS_H
#define ARCH_GUEST_SPRS_H

#define GUEST_SPRS(X) \
    X(srr0, 26) X(srr1, 27) X(dar, 19) X(dsisr, 18) \
    X(sprg0, 272) X(sprg1, 273) X(sprg2, 274) X(sprg3, 275) \
    X(dscr, 17) X(amr, 29) X(iamr, 61) X(uamor, 157) X(pspb, 159) X(fscr, 153) \
    X(dawr, 180) X(dawrx, 188) X(ciabr, 187) \
    X(pid, 48) X(acop, 31) X(wort, 895) X(ppr, 896) X(vrsave, 256) X(tar, 815) \
    X(ebbhr, 804) X(ebbrr, 805) X(bescrs, 800) X(bescrr, 802) X(bescr, 806) X(ear, 282) X(usier, 768) \
    X(mmcr1, 798) X(mmcr2, 785) X(mmcra, 786) X(mmcrs, 894) \
    X(pmc1, 787) X(pmc2, 788) X(pmc3, 789) X(pmc4, 790) X(pmc5, 791) X(pmc6, 792) \
    X(spmc1, 892) X(spmc2, 893) X(siar, 796) X(sdar, 797) X(sier, 784) \
    X(tacr, 888) X(tcscr, 889) X(csigr, 890) X(ic, 848) X(vtb, 849)

#define GUEST_TM_SPRS(X) X(tfhar, 128) X(tfiar, 129) X(texasr, 130)

#endif
