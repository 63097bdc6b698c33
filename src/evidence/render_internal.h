/* What the two ways of showing a file share. */
#ifndef HATS_EVIDENCE_RENDER_INTERNAL_H
#define HATS_EVIDENCE_RENDER_INTERNAL_H

#include "evidence/render.h"

/* Names of the gate's steps, bit 0 of claim 90 first. */
#define HATS_RENDER_N_STEPS 13
extern const char *const hats_render_steps[HATS_RENDER_N_STEPS];

#endif
