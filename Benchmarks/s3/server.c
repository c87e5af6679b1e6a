// An object store on loopback for bench.py: every key of the only bucket has the bytes of one file. Each connection waits
// before the first byte of an object and is then as fast as a connection to S3, so that a client gets more by more
// connections only.
//
// server FILE KEYS DELAY_MS MB_PER_SECOND [CERTIFICATE KEY]
//
// Prints its port on 127.0.0.1 and ends when its standard input does. Answers GET (also of a range) and HEAD of
// /bucket/0.pt, /bucket/1.pt, ... and the list of them; checks no signatures. TLS with a certificate.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, CONNECTIONS = 1024, REQUEST = 16384, HEAD = 1 << 18 };

// How often connections are given what they may send: 240 KB of 60 MB/s.
static const long tick_ns = 4000000;

static int file, keys;
static off_t file_size;
static const char *content;
static double delay, rate;
static SSL_CTX *tls;

struct connection {
    int socket;
    SSL *ssl;
    char request[REQUEST];
    size_t request_size;
    // Of the response: its head, then bytes `sent..<end` of the file, from `begin` (seconds) on.
    char *head;
    size_t head_size, head_sent;
    off_t first, sent, end;
    double begin;
    int is_answering;
};

struct worker {
    int inbox[2];
    struct connection *connections[CONNECTIONS];
    int count;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void answer(struct connection *c, int status, const char *type, off_t length, const char *more) {
    c->head_size = (size_t)snprintf(
        c->head, HEAD, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\nETag: \"bench\"\r\n%s\r\n", status,
        status < 300 ? "OK" : "Not Found", type, (long long)length, more);
}

static void list(struct connection *c) {
    static __thread char body[HEAD / 2];
    size_t size = (size_t)snprintf(body, sizeof body,
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>");
    for (int key = 0; key < keys; key++)
        size += (size_t)snprintf(body + size, sizeof body - size,
            "<Contents><Key>%d.pt</Key><Size>%lld</Size><ETag>&quot;bench&quot;</ETag></Contents>", key,
            (long long)file_size);
    size += (size_t)snprintf(body + size, sizeof body - size, "</ListBucketResult>");
    answer(c, 200, "application/xml", (off_t)size, "");
    memcpy(c->head + c->head_size, body, size);
    c->head_size += size;
}

// Begins the response to the complete request.
static void respond(struct connection *c) {
    c->is_answering = 1;
    c->head_sent = 0;
    c->first = c->sent = c->end = 0;
    c->begin = now() + delay;
    int key, consumed = 0;
    char method[8] = "";
    if (strstr(c->request, "list-type=2")) return list(c);
    if (sscanf(c->request, "%7s /bucket/%d.pt%n", method, &key, &consumed) != 2 || !consumed || key < 0 || key >= keys)
        return answer(c, 404, "text/plain", 0, "");
    if (!strcmp(method, "HEAD")) return answer(c, 200, "application/octet-stream", file_size, "");
    long long first = 0, last = file_size - 1;
    char range[96] = "";
    const char *asked = strcasestr(c->request, "\r\nRange: bytes=");
    if (asked) {
        sscanf(asked + 15, "%lld-%lld", &first, &last);
        if (last >= file_size) last = file_size - 1;
        snprintf(range, sizeof range, "Content-Range: bytes %lld-%lld/%lld\r\n", first, last, (long long)file_size);
    }
    if (first < 0 || first > last) return answer(c, 404, "text/plain", 0, "");
    c->first = c->sent = first;
    c->end = last + 1;
    answer(c, asked ? 206 : 200, "application/octet-stream", c->end - first, range);
}

// What a call that was not complete says of its connection: more later, or an end.
static int status(struct connection *c, ssize_t result) {
    if (!c->ssl) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    int reason = SSL_get_error(c->ssl, (int)result);
    ERR_clear_error();
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static int receive(struct connection *c) {
    size_t room = REQUEST - 1 - c->request_size;
    char *end = c->request + c->request_size;
    ssize_t size = c->ssl ? SSL_read(c->ssl, end, (int)room) : read(c->socket, end, room);
    if (size == 0 && !c->ssl) return -1;
    if (size <= 0) return status(c, size);
    c->request_size += (size_t)size;
    c->request[c->request_size] = 0;
    if (strstr(c->request, "\r\n\r\n")) respond(c);
    return c->request_size == REQUEST - 1 ? -1 : 0;
}

// Sends what may be sent by now.
static int send_allowed(struct connection *c, double time) {
    if (time < c->begin) return 0;
    while (c->head_sent < c->head_size) {
        const char *start = c->head + c->head_sent;
        size_t left = c->head_size - c->head_sent;
        ssize_t size = c->ssl ? SSL_write(c->ssl, start, (int)left) : send(c->socket, start, left, MSG_MORE);
        if (size <= 0) return status(c, size);
        c->head_sent += (size_t)size;
    }
    off_t allowed = c->first + (off_t)((time - c->begin) * rate) + 65536;
    if (allowed > c->end) allowed = c->end;
    while (c->sent < allowed) {
        ssize_t size;
        if (c->ssl) {
            size = SSL_write(c->ssl, content + c->sent, (int)(allowed - c->sent));
            if (size > 0) c->sent += size;
        } else {
            size = sendfile(c->socket, file, &c->sent, (size_t)(allowed - c->sent));
        }
        if (size <= 0) return status(c, size);
    }
    if (c->sent == c->end) {
        // Sends what MSG_MORE has held back.
        int on = 1;
        setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        c->is_answering = 0;
        c->request_size = 0;
    }
    return 0;
}

static void *work(void *argument) {
    struct worker *w = argument;
    struct pollfd waiting[CONNECTIONS + 1];
    while (1) {
        int answering = 0;
        waiting[0] = (struct pollfd){ .fd = w->inbox[0], .events = POLLIN };
        for (int i = 0; i < w->count; i++) {
            struct connection *c = w->connections[i];
            waiting[i + 1] = (struct pollfd){ .fd = c->is_answering ? -1 : c->socket, .events = POLLIN };
            answering += c->is_answering;
        }
        struct timespec tick = { 0, tick_ns };
        if (ppoll(waiting, (nfds_t)w->count + 1, answering ? &tick : NULL, NULL) < 0 && errno != EINTR) fail("ppoll");
        int present = w->count;
        if (waiting[0].revents) {
            struct connection *c;
            if (read(w->inbox[0], &c, sizeof c) != sizeof c) fail("inbox");
            if (w->count < CONNECTIONS) w->connections[w->count++] = c; else close(c->socket);
        }
        double time = now();
        for (int i = present - 1; i >= 0; i--) {
            struct connection *c = w->connections[i];
            int result = 0;
            if (c->is_answering) result = send_allowed(c, time);
            else if (waiting[i + 1].revents) result = receive(c);
            if (result == 0) continue;
            if (c->ssl) SSL_free(c->ssl);
            close(c->socket);
            free(c->head);
            free(c);
            w->connections[i] = w->connections[--w->count];
        }
    }
    return NULL;
}

static void *end_with_input(void *unused) {
    (void)unused;
    char byte;
    while (read(0, &byte, 1) > 0) {}
    exit(0);
}

int main(int count, char **words) {
    if (count != 5 && count != 7) {
        fprintf(stderr, "usage: server FILE KEYS DELAY_MS MB_PER_SECOND [CERTIFICATE KEY]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    file = open(words[1], O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (file < 0 || fstat(file, &info) != 0 || info.st_size == 0) fail(words[1]);
    file_size = info.st_size;
    content = mmap(NULL, (size_t)file_size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (content == MAP_FAILED) fail("mmap");
    keys = atoi(words[2]);
    if (keys < 1 || keys > 1000) return fprintf(stderr, "server: expected 1 to 1000 keys\n"), 2;
    delay = atof(words[3]) / 1000;
    rate = atof(words[4]) * 1e6;
    if (count == 7) {
        tls = SSL_CTX_new(TLS_server_method());
        if (!tls || SSL_CTX_use_certificate_chain_file(tls, words[5]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls, words[6], SSL_FILETYPE_PEM) != 1) {
            ERR_print_errors_fp(stderr);
            return 1;
        }
        SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // That of EC2's network; with loopback's 64 KB a new connection's window holds one segment, and it starts slowly.
    int segment = 8949;
    setsockopt(listener, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) fail("listen");
    static struct worker workers[THREADS];
    pthread_t thread;
    for (int i = 0; i < THREADS; i++)
        if (pipe(workers[i].inbox) != 0 || pthread_create(&thread, NULL, work, &workers[i]) != 0) fail("thread");
    if (pthread_create(&thread, NULL, end_with_input, NULL) != 0) fail("thread");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (unsigned next = 0;; next++) {
        int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) continue;
        int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *c = calloc(1, sizeof *c);
        if (!c || !(c->head = malloc(HEAD))) fail("memory");
        c->socket = socket;
        if (tls) {
            c->ssl = SSL_new(tls);
            if (!c->ssl || SSL_set_fd(c->ssl, socket) != 1) fail("SSL_new");
            SSL_set_accept_state(c->ssl);
        }
        if (write(workers[next % THREADS].inbox[1], &c, sizeof c) != sizeof c) fail("inbox");
    }
}
