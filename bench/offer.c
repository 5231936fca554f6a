// Both ends of the load of overload.py: so many calls a second, or so many under way at a time, whatever becomes of them.
// Not in Python: it has to offer five times what the proxy beside it on the machine can take, and still answer at once.
// usage: offer MARK RATE SECONDS WAIT AT_A_TIME     prints: offered completed refused repeated half_ms most_ms
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MOST 4000000   // calls of one run
#define LEVELS 6       // times that an INVITE is repeated (timer A)
#define T1 0.5
#define BATCH 512      // datagrams read in one go
#define US "127.0.0.1"
#define TRUNK "127.0.0.5"
#define PBX "127.0.0.6"
#define BODY                                                                                                           \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"              \
    "a=rtpmap:0 PCMU/8000\r\n"

enum { SILENT = 1, WAITING = 2, ENDING = 4 };
struct call { double began; unsigned char state; };
struct due { double at; unsigned number; };

static struct call *calls;
static struct due *waiting[LEVELS];
static size_t first[LEVELS], last[LEVELS], room;
static float *times;
static unsigned offered, completed, refused, repeated, taken;
static const char *mark;
static int trunk, pbx;

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int bound(const char *host) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(5060)}, us = own;
    inet_pton(AF_INET, host, &own.sin_addr);
    inet_pton(AF_INET, US, &us.sin_addr);
    int wire = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 8 << 20;
    if (wire < 0 || bind(wire, (struct sockaddr *)&own, sizeof own) || connect(wire, (struct sockaddr *)&us, sizeof us))
        perror("offer"), exit(1);
    if (setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
        setsockopt(wire, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return wire;
}

static void put(int wire, const char *text, int length) {
    if (send(wire, text, (size_t)length, 0) < 0) { /* lost, like any datagram */ }
}

static void invite(unsigned number) {
    char text[1500];
    int length = snprintf(
        text, sizeof text,
        "INVITE sip:+8613800138000@" US " SIP/2.0\r\nVia: SIP/2.0/UDP " TRUNK ":5060;branch=z9hG4bK%s.%u\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:+86139%08u@calls.example>;tag=%s.%u\r\nTo: <sip:+8613800138000@" US ">\r\n"
        "Call-ID: %s.%u\r\nCSeq: 1 INVITE\r\nContact: <sip:" TRUNK ":5060>\r\nContent-Type: application/sdp\r\n"
        "Content-Length: %zu\r\n\r\n" BODY,
        mark, number, number, mark, number, mark, number, strlen(BODY));
    put(trunk, text, length);
}

static void later(int level, unsigned number, double at) {
    if (level < LEVELS) waiting[level][last[level]++ % room] = (struct due){at, number};
}

static void begin(double at) {
    unsigned number = ++offered;
    if (number >= MOST) fputs("offer: too many calls\n", stderr), exit(1);
    calls[number] = (struct call){at, SILENT | WAITING};
    later(0, number, at + T1);
    invite(number);
}

static void repeat(double at) {
    for (int level = 0; level < LEVELS; level++)
        while (first[level] < last[level] && waiting[level][first[level] % room].at <= at) {
            unsigned number = waiting[level][first[level]++ % room].number;
            if (!(calls[number].state & SILENT)) continue;
            repeated++;
            invite(number);
            later(level + 1, number, at + T1 * (2 << level));
        }
}

static const char *line_of(const char *text, const char *name, int *length) {  // of our own messages: names are as written
    const char *found = strstr(text, name);
    if (!found) return *length = 0, "";
    found += 2;
    const char *end = strstr(found, "\r\n");
    return *length = (int)(end ? end - found : 0), found;
}

static int append(char *out, int used, const char *line, int length) {
    memcpy(out + used, line, (size_t)length);
    memcpy(out + used + length, "\r\n", 2);
    return used + length + 2;
}

static void answer(const char *text, const char *status) {  // what a callee answers, with what it copies
    char out[8192];
    int used = sprintf(out, "SIP/2.0 %s\r\n", status);
    const char *end = strstr(text, "\r\n\r\n"), *at = strstr(text, "\r\n");
    while (at && at < end) {
        const char *line = at + 2, *next = strstr(line, "\r\n");
        int length = (int)(next - line), to = !strncmp(line, "To:", 3);
        if (to || !strncmp(line, "Via:", 4) || !strncmp(line, "From:", 5) || !strncmp(line, "Call-ID:", 8) ||
            !strncmp(line, "CSeq:", 5) || !strncmp(line, "Record-Route:", 13)) {
            used = append(out, used, line, length);
            if (to && !memmem(line, (size_t)length, "tag=", 4)) used = used - 2 + sprintf(out + used - 2, ";tag=callee\r\n");
        }
        at = next;
    }
    used += sprintf(out + used, "Contact: <sip:" PBX ":5060>\r\nContent-Length: 0\r\n\r\n");
    put(pbx, out, used);
}

static void within(const char *text, unsigned number, const char *method, char branch, int sequence) {
    char out[8192];
    const char *routes[8];
    int lengths[8], count = 0, length;
    const char *at = text;
    while (count < 8 && (at = strstr(at, "\r\nRecord-Route:"))) {
        at += 15;
        routes[count] = at;
        lengths[count++] = (int)(strstr(at, "\r\n") - at);
    }
    int used = sprintf(out, "%s sip:" PBX ":5060 SIP/2.0\r\nVia: SIP/2.0/UDP " TRUNK ":5060;branch=z9hG4bK%s.%u%c\r\n"
                            "Max-Forwards: 70\r\n", method, mark, number, branch);
    while (count--) {
        used += sprintf(out + used, "Route:");
        used = append(out, used, routes[count], lengths[count]);
    }
    const char *to = line_of(text, "\r\nTo:", &length);
    used += sprintf(out + used, "From: <sip:+86139%08u@calls.example>;tag=%s.%u\r\n", number, mark, number);
    used = append(out, used, to, length);
    used += sprintf(out + used, "Call-ID: %s.%u\r\nCSeq: %d %s\r\nContent-Length: 0\r\n\r\n", mark, number, sequence, method);
    put(trunk, out, used);
}

static void acknowledge(const char *text, unsigned number) {  // a refusal: same hop, same branch
    char out[2048];
    int length;
    int used = sprintf(out, "ACK sip:+8613800138000@" US " SIP/2.0\r\nVia: SIP/2.0/UDP " TRUNK ":5060;branch=z9hG4bK%s.%u\r\n"
                            "Max-Forwards: 70\r\nFrom: <sip:+86139%08u@calls.example>;tag=%s.%u\r\n",
                       mark, number, number, mark, number);
    const char *to = line_of(text, "\r\nTo:", &length);
    used = append(out, used, to, length < 1000 ? length : 0);
    used += sprintf(out + used, "Call-ID: %s.%u\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n", mark, number);
    put(trunk, out, used);
}

static void heard(const char *text, double at) {
    const char *id = strstr(text, "\r\nCall-ID: ");
    size_t own = strlen(mark);
    if (!id || strncmp(id + 11, mark, own) || id[11 + own] != '.') return;  // of an earlier offer
    unsigned number = (unsigned)strtoul(id + 12 + own, NULL, 10);
    if (!number || number > offered) return;
    struct call *call = calls + number;
    int status = atoi(text + 8);
    if (strstr(text, "CSeq: 2 BYE")) {
        if (status == 200 && call->state & ENDING) call->state &= (unsigned char)~ENDING, completed++;
        return;
    }
    call->state &= (unsigned char)~SILENT;
    if (status < 200) return;
    int began = call->state & WAITING;
    call->state &= (unsigned char)~WAITING;
    if (status != 200) {
        refused += began != 0;
        acknowledge(text, number);
        return;
    }
    within(text, number, "ACK", 'a', 1);
    if (!began) return;
    times[taken++] = (float)(at - call->began);
    call->state |= ENDING;
    within(text, number, "BYE", 'b', 2);
}

static void hear(int wire, double at) {
    char text[65536];
    for (int each = 0; each < BATCH; each++) {
        ssize_t length = recv(wire, text, sizeof text - 1, 0);
        if (length < 0) return;
        text[length] = 0;
        if (wire == trunk) {
            heard(text, at);
        } else if (!strncmp(text, "INVITE ", 7)) {
            answer(text, "180 Ringing");
            answer(text, "200 OK");
        } else if (!strncmp(text, "BYE ", 4)) {
            answer(text, "200 OK");
        }
    }
}

static int less(const void *one, const void *other) {
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

int main(int count, char **words) {
    if (count != 6) return fputs("usage: offer MARK RATE SECONDS WAIT AT_A_TIME\n", stderr), 2;
    mark = words[1];
    double rate = atof(words[2]), seconds = atof(words[3]), wait = atof(words[4]);
    int at_a_time = atoi(words[5]);
    room = 1 << 20;
    calls = calloc(MOST, sizeof *calls);
    times = calloc(MOST, sizeof *times);
    for (int level = 0; level < LEVELS; level++) waiting[level] = calloc(room, sizeof **waiting);
    trunk = bound(TRUNK), pbx = bound(PBX);
    struct pollfd wires[] = {{.fd = trunk, .events = POLLIN}, {.fd = pbx, .events = POLLIN}};
    unsigned in_time = 0;
    double began = now(), at = began;
    while (at < began + seconds + wait) {
        if (at < began + seconds) {
            int due = at_a_time ? at_a_time - (int)(offered - completed - refused) : (int)((at - began) * rate) - (int)offered;
            for (int each = 0; each < due && each < 32; each++) begin(at);
            in_time = completed;
        }
        repeat(at);
        struct timespec brief = {.tv_nsec = 200000};
        if (ppoll(wires, 2, &brief, NULL) > 0)
            for (int each = 0; each < 2; each++)
                if (wires[each].revents) hear(wires[each].fd, now());
        at = now();
    }
    qsort(times, taken, sizeof *times, less);
    float half = taken ? times[taken / 2] : 0, most = taken ? times[(size_t)(taken * 0.99)] : 0;
    printf("%u %u %u %u %.1f %.1f\n", offered, at_a_time ? in_time : completed, refused, repeated, half * 1000, most * 1000);
    return 0;
}
