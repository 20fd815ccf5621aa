/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HV_VERSION_H
#define HV_VERSION_H

#define HV_VERSION "0.1.0"

#endif
