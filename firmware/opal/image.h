/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine loaded for us to start: found, checked, entered. */
#ifndef OPAL_IMAGE_H
#define OPAL_IMAGE_H

/* Starts the payload with this tree, or says why not and powers off. */
_Noreturn void image_start(void *tree);

#endif
