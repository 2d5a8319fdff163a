"""Answers that do not stop, come too slowly or are larger than they look. Each function's text says what
it answers; EXCHANGE is the lying registry's, DATA the honest body or None."""
import gzip

# Gzip may come in pieces: 64 MiB of spaces without the time that packing them would take.
_BOMB = gzip.compress(b" " * (1 << 20)) * 64
_PIECE = 64 << 10


def _endless_header(exchange, _):
    """a header that never ends"""
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
    return exchange.until_closed(lambda: exchange.wfile.write(b"X-More: %s\r\n" % (b"x" * 1000)))


def _one_header_line(exchange, _):
    """one line of header that never ends"""
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nX-More: ")
    return exchange.until_closed(lambda: exchange.wfile.write(b"x" * _PIECE))


def _header_drips(exchange, _):
    """a header at one byte a second"""
    drops = iter(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    return exchange.until_closed(lambda: exchange.drop(next(drops)))


def _interim_flood(exchange, _):
    """interim answers (103) without end"""
    return exchange.until_closed(lambda: exchange.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 100))


def _chunk_extension(exchange, _):
    """a body in chunks, the first of which is one byte with an extension that never ends"""
    exchange.head("application/octet-stream", chunked=True)
    exchange.wfile.write(b"1;x=")
    return exchange.until_closed(lambda: exchange.wfile.write(b"x" * _PIECE))


def _endless_trailers(exchange, data):
    """the right body in chunks, and trailers that never end"""
    exchange.head("application/octet-stream", chunked=True)
    exchange.wfile.write(b"%x\r\n%s\r\n0\r\n" % (len(data or b"{}"), data or b"{}"))
    return exchange.until_closed(lambda: exchange.wfile.write(b"X-More: x\r\n" * 1000))


def _petabyte(exchange, data):
    """a Content-Length of a petabyte, and bytes as long as they are read"""
    exchange.head("application/octet-stream", 10 ** 15)
    exchange.wfile.write(data or b"{}")
    return exchange.until_closed(lambda: exchange.wfile.write(b" " * _PIECE))


def _two_lengths(exchange, data):
    """two Content-Lengths that differ"""
    data = data or b"{}"
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data))
    exchange.close_connection = True
    return True


def _negative_length(exchange, data):
    """a negative Content-Length"""
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + (data or b"{}"))
    exchange.close_connection = True
    return True


def _gzip_bomb(exchange, data):
    """the right body and 64 MiB of spaces, as 64 KiB of gzip"""
    bomb = gzip.compress(data or b"{}") + _BOMB
    exchange.send_response(200)
    exchange.send_header("Content-Encoding", "gzip")
    exchange.send_header("Content-Length", str(len(bomb)))
    exchange.end_headers()
    exchange.wfile.write(bomb)
    return True


def _not_http(exchange, _):
    """something that is not HTTP"""
    exchange.wfile.write(b"220 mail.example ESMTP ready\r\n")
    exchange.close_connection = True
    return True


FLOODS = {"header-endless": _endless_header, "header-line-endless": _one_header_line,
          "header-drips": _header_drips, "interim-endless": _interim_flood,
          "chunk-extension-endless": _chunk_extension, "trailers-endless": _endless_trailers,
          "length-petabyte": _petabyte, "length-twice": _two_lengths, "length-negative": _negative_length,
          "gzip-bomb": _gzip_bomb, "not-http": _not_http}
