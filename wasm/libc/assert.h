/* A module has nobody to tell: it stops. */
#undef assert
#define assert(holds) ((holds) ? (void)0 : __builtin_trap())
