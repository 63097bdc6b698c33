/* Branches on a secret, on purpose: under valgrind this program must be found out, or the constant-time
 * tests prove nothing. */
#include "base/ct.h"

#include <stdio.h>

int main(void) {
    volatile unsigned char secret = 1;
    HATS_SECRET((void *)&secret, sizeof secret);
    puts(secret ? "one" : "zero");
    return 0;
}
