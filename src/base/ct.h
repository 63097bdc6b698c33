/* Marks for the constant-time test build.
 *
 * HATS_SECRET(p, len) says "these bytes are secret from here on"; HATS_PUBLIC(p, len) says "the
 * protocol releases them here". In the build made with -Dct=true the marks are memcheck client
 * requests: a branch or an index that depends on a secret is then reported by valgrind as a use of
 * an uninitialised value. Under MemorySanitizer they poison and unpoison. Elsewhere they are nothing.
 */
#ifndef HATS_BASE_CT_H
#define HATS_BASE_CT_H

#if defined(HATS_CT_VALGRIND)
#include <valgrind/memcheck.h>
#define HATS_SECRET(p, len) ((void)VALGRIND_MAKE_MEM_UNDEFINED((p), (len)))
#define HATS_PUBLIC(p, len) ((void)VALGRIND_MAKE_MEM_DEFINED((p), (len)))
#elif defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define HATS_SECRET(p, len) __msan_allocated_memory((p), (len))
#define HATS_PUBLIC(p, len) __msan_unpoison((p), (len))
#endif
#endif

#ifndef HATS_SECRET
#define HATS_SECRET(p, len) ((void)(p), (void)(len))
#define HATS_PUBLIC(p, len) ((void)(p), (void)(len))
#endif

#endif
