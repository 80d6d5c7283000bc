"""Calls each case with the Python SDKs as their users do: plain calls and helpers. JSON in, JSON out."""

import json
import sys
import time

import anthropic
import openai

MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = {"model": "m-1", "messages": MESSAGES}
RESPONSE = {"model": "m-1", "input": "hi"}
MESSAGE = {"model": "m-1", "max_tokens": 9, "messages": MESSAGES}

# A hang must fail, and not stop the run. Retries are left as they are: two.
OPENAI = openai.OpenAI(api_key="k", timeout=10)
ANTHROPIC = anthropic.Anthropic(api_key="k", timeout=10)


def returned(finish, refusal):
    return {"raised": None, "status": None, "code": None, "message": None, "finish": finish, "refusal": refusal}


def chat_outcome(completion):
    choices = completion.choices
    return returned([choice.finish_reason for choice in choices], choices[-1].message.refusal)


def response_outcome(response):
    item = response.output[-1]
    part = item.content[-1] if item.type == "message" else None
    reason = response.incomplete_details.reason if response.incomplete_details else None
    return returned([f"{response.status} {reason}"], part.refusal if part and part.type == "refusal" else None)


def message_outcome(message):
    details = message.stop_details
    return returned([message.stop_reason], details.explanation if details else None)


def chat(url, streamed):
    client = OPENAI.with_options(base_url=url + "/v1")
    if not streamed:
        return chat_outcome(client.chat.completions.create(**CHAT))
    finish, refusal = {}, None
    for chunk in client.chat.completions.create(**CHAT, stream=True):
        for choice in chunk.choices:
            if choice.finish_reason is not None:
                finish[choice.index] = choice.finish_reason
            refusal = choice.delta.refusal or refusal
    return returned(list(finish.values()), refusal)


def responses(url, streamed):
    client = OPENAI.with_options(base_url=url + "/v1")
    if not streamed:
        return response_outcome(client.responses.create(**RESPONSE))
    last = None
    for last in client.responses.create(**RESPONSE, stream=True):
        pass
    return response_outcome(last.response) if last.type == "response.incomplete" else returned([last.type], None)


def messages(url, streamed):
    client = ANTHROPIC.with_options(base_url=url)
    if not streamed:
        return message_outcome(client.messages.create(**MESSAGE))
    stopped, last = None, None
    for last in client.messages.create(**MESSAGE, stream=True):
        if last.type == "message_delta":
            stopped = last.delta
    if last.type != "message_stop":
        return returned([last.type], None)
    return returned([stopped.stop_reason], stopped.stop_details.explanation if stopped.stop_details else None)


def chat_helper(url, _streamed):
    with OPENAI.with_options(base_url=url + "/v1").chat.completions.stream(**CHAT) as stream:
        return chat_outcome(stream.get_final_completion())


def responses_helper(url, _streamed):
    with OPENAI.with_options(base_url=url + "/v1").responses.stream(**RESPONSE) as stream:
        last = None
        for last in stream:
            pass
        return response_outcome(last.response) if last.type == "response.incomplete" else returned([last.type], None)


def messages_helper(url, _streamed):
    with ANTHROPIC.with_options(base_url=url).messages.stream(**MESSAGE) as stream:
        return message_outcome(stream.get_final_message())


CALLS = {
    "plain": {"chat": chat, "responses": responses, "messages": messages},
    "helper": {"chat": chat_helper, "responses": responses_helper, "messages": messages_helper},
}


def raised(error):
    code, message = None, str(error)
    if isinstance(error, openai.APIError):
        code, message = error.code, error.message
    elif isinstance(error, anthropic.APIError) and isinstance(error.body, dict):
        code = error.body.get("error", {}).get("details", {}).get("error_code")
    status = getattr(error, "status_code", None)
    known = isinstance(error, (openai.OpenAIError, anthropic.AnthropicError))
    name = type(error).__name__ if known else repr(error)
    return {"raised": name, "status": status, "code": code, "message": message, "finish": [], "refusal": None}


def run(case):
    begin = time.monotonic()
    try:
        seen = CALLS[case["how"]][case["api"]](case["url"], case["streamed"])
    except Exception as error:
        seen = raised(error)
    return {**seen, "seconds": time.monotonic() - begin}


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
