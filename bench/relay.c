// The floor under every proxy that takes and sends one datagram at a time: each datagram goes to the other side unread.
// usage: relay LISTEN_PORT PBX_PORT [LOST]      both on 127.0.0.1; whoever isn't the PBX and sent last is the caller;
//        of a thousand datagrams LOST go nowhere
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct sockaddr_in loopback(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int main(int count, char **words) {
    if (count != 3 && count != 4) return fputs("usage: relay LISTEN_PORT PBX_PORT [LOST]\n", stderr), 2;
    int lost = count == 4 ? atoi(words[3]) : 0;
    srand((unsigned)atoi(words[1]));
    struct sockaddr_in own = loopback(words[1]), pbx = loopback(words[2]), caller = {0}, source;
    int wire = socket(AF_INET, SOCK_DGRAM, 0);
    if (wire < 0 || bind(wire, (struct sockaddr *)&own, sizeof own) < 0) return perror("relay"), 1;
    char datagram[65536];
    for (;;) {
        socklen_t size = sizeof source;
        ssize_t length = recvfrom(wire, datagram, sizeof datagram, 0, (struct sockaddr *)&source, &size);
        if (length < 0) return perror("relay"), 1;
        int from_pbx = source.sin_port == pbx.sin_port;
        if (!from_pbx) caller = source;
        if (lost && rand() % 1000 < lost) continue;
        sendto(wire, datagram, (size_t)length, 0, (struct sockaddr *)(from_pbx ? &caller : &pbx), sizeof pbx);
    }
}
