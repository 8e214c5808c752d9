"""An OpenAI-compatible server on loopback that answers from a known function and fails on demand."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

FAULTS = ("429", "500", "slow", "dropped", "cut", "malformed", "no log-probs")
SLOW = 4.0  # seconds; clients of the tests wait half of it, which is long even on a busy machine


def no_fault(prompt, attempt):
    return None


class ChatServer:
    """Answers every prompt with the log-probs that a function gives its tokens.

    Parameters
    ----------
    log_probs : callable
        From a prompt to a dict of tokens to their log-probabilities, of the whole vocabulary, or to a text,
        which is the reply, but for the words beyond the limit of the request.
    fault : callable
        From a prompt and the number of earlier attempts at it to None, one of FAULTS, or
        (status, headers, body).
    headers : callable
        To further headers of every answer.
    """

    def __init__(self, log_probs, fault=no_fault, shape="chat", headers=dict):
        self.log_probs, self.fault, self.shape, self.headers = log_probs, fault, shape, headers
        self.attempts, self.answered, self.faults = Counter(), Counter(), Counter()
        self.requests, self.times, self.most_at_a_time, self._now = [], [], 0, 0
        self.lock, self.closed = threading.Lock(), False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # clients that went away
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.closed = True  # connections that are still open are dropped at the next request
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def respond(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        if self.closed:
            raise ConnectionError
        prompt = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        with self.lock:
            self.requests.append(body)
            self.times.append(time.monotonic())
            attempt = self.attempts[prompt]
            self.attempts[prompt] += 1
            fault = self.fault(prompt, attempt)
            self.faults[str(fault)] += fault is not None
        if not isinstance(fault, tuple | None):
            self.fail(handler, fault, self.reply(body, prompt))
        elif fault is not None:
            self.send(handler, fault[0], json.dumps(fault[2]).encode(), fault[1])
        else:
            with self.lock:  # a whole answer is what costs money
                self.answered[prompt] += 1
            self.send(handler, 200, json.dumps(self.reply(body, prompt)).encode(), self.headers())

    def fail(self, handler, fault, reply):
        text = json.dumps(reply).encode()
        if fault == "429":
            self.send(handler, 429, b'{"error": {"message": "slow down"}}', {"Retry-After": "0.05"})
        elif fault == "500":
            self.send(handler, 500, b"<html>oops</html>")
        elif fault == "malformed":
            self.send(handler, 200, text[:-20])
        elif fault == "no log-probs":
            reply["choices"][0]["logprobs"] = None
            self.send(handler, 200, json.dumps(reply).encode())
        else:
            if fault == "slow":
                time.sleep(SLOW)
            if fault == "cut":
                self.send(handler, 200, text[:30], length=len(text))
            handler.close_connection = True

    def send(self, handler, status, text, headers=None, length=None):
        with self.lock:  # from here on the client may send the next one
            self._now -= 1
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(length or len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        handler.wfile.flush()

    def reply(self, body, prompt):
        answer = self.log_probs(prompt)
        if isinstance(answer, str):  # a whole reply
            words, limit = answer.split(" "), body.get("max_completion_tokens", body.get("max_tokens"))
            reason = "stop" if limit is None or len(words) <= limit else "length"
            content = " ".join(words[:limit])
            choice = {"index": 0, "finish_reason": reason}
            choice |= {"message": {"role": "assistant", "content": content}}
            usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(answer.split())}
            return {"object": "chat.completion", "choices": [choice], "usage": usage, "model": body["model"]}
        table = sorted(answer.items(), key=lambda item: -item[1])
        first = table[0]
        if self.shape == "chat":
            count = body.get("top_logprobs") or body["logprobs"]
            top = [{"token": t, "logprob": v, "bytes": list(t.encode())} for t, v in table[:count]]
            logprobs = {"content": [{**top[0], "top_logprobs": top}]}
        else:
            top = dict(table[: body["logprobs"]])
            logprobs = {"tokens": [first[0]], "token_logprobs": [first[1]], "top_logprobs": [top]}
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": 1}
        choice = {"index": 0, "finish_reason": "length", "logprobs": logprobs}
        choice |= {"message": {"role": "assistant", "content": first[0]}, "text": first[0]}
        return {"object": "chat.completion", "choices": [choice], "usage": usage, "model": body["model"]}

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                with server.lock:
                    server._now += 1
                    server.most_at_a_time = max(server.most_at_a_time, server._now)
                try:
                    server.respond(self)
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler


TEXT = "never was a film so dull and yet this very good that nobody left"
WORDS = TEXT.split()
FILLERS = [f" w{k}" for k in range(40)]


def truth_logit(words):
    """A function of the words that are left: two interactions and some single ones."""
    has = set(words)
    return (
        2.0 * ("never" in has and "dull" in has)
        - 1.5 * ("dull" in has)
        + 0.7 * ("good" in has)
        + 0.5 * ("very" in has and "good" in has)
    )


def truth(prompt):
    """Log-probs of " True", " False" and fillers, exactly normalised."""
    logit = truth_logit(prompt.split())
    tokens = {" True": logit, " False": -logit} | {t: -1.0 - 0.05 * k for k, t in enumerate(FILLERS)}
    values = np.array(list(tokens.values()))
    return dict(zip(tokens, (values - np.logaddexp.reduce(values)).tolist(), strict=True))


def words_of(mask):
    return " ".join(word for word, keep in zip(WORDS, mask, strict=True) if keep)
