/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own command line, behind three times Ctrl-A. */
#ifndef HV_PROMPT_H
#define HV_PROMPT_H

#include <stdbool.h>

/* The keyboard came to the prompt, or went back to the domain. */
void prompt_switched(bool to_prompt);

/* One typed byte while the prompt has the keyboard. */
void prompt_byte(char byte);

#endif
