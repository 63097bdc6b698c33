/* The wire format of protocol buffers, walked before the library unpacks it.
 *
 * protobuf-c recurses once per nested message without a limit, so a file of 30 KB can overflow the stack.
 * The walk follows the message descriptors that protoc-c generated, so it descends exactly where the
 * library would, and stops at a given depth. It also refuses what is truncated, groups, and varints over
 * ten bytes. Unpacking then runs on an allocator with a bound, since empty sub-messages of two bytes cost
 * a hundred in memory.
 */
#include "model/compile_onnx.h"

#include "base/arena.h"
#include "model/onnx.h"

#include <stdlib.h>

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static uint64_t read_varint(struct hats_reader *r) {
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = hats_read_u8(r);
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    r->failed = true;
    return 0;
}

static bool descends(const ProtobufCMessageDescriptor *d, uint32_t field,
                     const ProtobufCMessageDescriptor **into) {
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(d, field);

    if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    *into = f->descriptor;
    return true;
}

static hats_status scan(struct hats_reader *r, const ProtobufCMessageDescriptor *d, unsigned depth,
                        struct hats_error *err) {
    if (depth == 0)
        return hats_fail(err, HATS_E_MALFORMED,
                         "the ONNX file nests its messages too deep (%s); no linear model does",
                         d->name);
    while (hats_reader_left(r) > 0 && !r->failed) {
        uint64_t key = read_varint(r);
        uint64_t field = key >> 3;
        const ProtobufCMessageDescriptor *into;
        const uint8_t *content;
        uint64_t len;
        if (field == 0 || field > UINT32_MAX >> 3)
            r->failed = true;
        switch (key & 7) {
        case WIRE_VARINT: (void)read_varint(r); break;
        case WIRE_64: (void)hats_read_span(r, 8); break;
        case WIRE_32: (void)hats_read_span(r, 4); break;
        case WIRE_BYTES:
            len = read_varint(r);
            content = len <= hats_reader_left(r) ? hats_read_span(r, (size_t)len) : NULL;
            if (content == NULL) {
                r->failed = true;
                break;
            }
            if (!r->failed && descends(d, (uint32_t)field, &into)) {
                struct hats_reader inner = hats_reader_of(content, (size_t)len);
                hats_status st = scan(&inner, into, depth - 1, err);
                if (st != HATS_OK)
                    return st;
            }
            break;
        default: r->failed = true;
        }
    }
    if (r->failed)
        return hats_fail(err, HATS_E_MALFORMED,
                         "not an ONNX file, or it is cut short: %s ends in the middle", d->name);
    return HATS_OK;
}

hats_status hats_onnx_scan(const uint8_t *bytes, size_t len_bytes, unsigned max_depth,
                           struct hats_error *err) {
    struct hats_reader r = hats_reader_of(bytes, len_bytes);

    return scan(&r, &onnx__model_proto__descriptor, max_depth, err);
}

/* --- unpacking under a bound --- */

struct budget {
    size_t left;
    bool passed;
};

static void *take(void *data, size_t size) {
    struct budget *b = data;
    void *p = size <= b->left ? malloc(size != 0 ? size : 1) : NULL;

    if (p == NULL)
        b->passed = true;
    else
        b->left -= size;
    return p;
}

static void give(void *data, void *p) {
    (void)data;
    free(p);
}

hats_status hats_onnx_unpack(Onnx__ModelProto **out, const uint8_t *bytes, size_t len_bytes,
                             struct hats_error *err) {
    struct budget budget = {.left = ((size_t)64 << 20) + 4 * len_bytes};
    ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = &budget};
    hats_status st;

    *out = NULL;
    if (len_bytes == 0)
        return hats_fail(err, HATS_E_MALFORMED, "the ONNX file is empty");
    if (len_bytes > HATS_ONNX_MAX_BYTES)
        return hats_fail(err, HATS_E_RANGE, "the ONNX file is over %u MB",
                         HATS_ONNX_MAX_BYTES >> 20);
    st = hats_onnx_scan(bytes, len_bytes, HATS_ONNX_MAX_NESTING, err);
    if (st != HATS_OK)
        return st;
    *out = onnx__model_proto__unpack(&allocator, len_bytes, bytes);
    if (*out == NULL && budget.passed)
        return hats_fail(err, HATS_E_MEMORY, "the ONNX file unpacks to more than %zu MB",
                         (((size_t)64 << 20) + 4 * len_bytes) >> 20);
    if (*out == NULL)
        return hats_fail(err, HATS_E_MALFORMED, "not an ONNX file: its fields have other types");
    return HATS_OK;
}

void hats_onnx_release(Onnx__ModelProto *model) {
    /* freed with the functions that made it: malloc and free */
    ProtobufCAllocator allocator = {.alloc = take, .free = give, .allocator_data = NULL};

    if (model != NULL)
        onnx__model_proto__free_unpacked(model, &allocator);
}
