"""Calls the echo service with the C core. Usage: client.py <host:port> <file with a FileDescriptorSet of echo.proto>

Prints one line for each step; exits with 1 at the first that is not as expected.
"""
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ADDRESS, DESCRIPTORS = sys.argv[1:]
SERVICE = "/virtualnumber.test.v1.EchoService/"

pool = descriptor_pool.DescriptorPool()
with open(DESCRIPTORS, "rb") as file:
    for each in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(each)
# Newer versions of protobuf have only the first, older ones only the second.
message_class = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
Request = message_class(pool.FindMessageTypeByName("virtualnumber.test.v1.EchoRequest"))
Response = message_class(pool.FindMessageTypeByName("virtualnumber.test.v1.EchoResponse"))


def stub(channel, kind, method):
    return getattr(channel, kind)(
        SERVICE + method, request_serializer=Request.SerializeToString, response_deserializer=Response.FromString)


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call did not fail")


def unary(channel):
    assert stub(channel, "unary_unary", "Echo")(Request(text="你好")).text == "你好"


def client_streaming(channel):
    answer = stub(channel, "stream_unary", "Collect")(Request(text=text) for text in "abc")
    assert answer.text == "a,b,c", answer


def server_streaming(channel):
    answers = stub(channel, "unary_stream", "Repeat")(Request(text="again", repeat_count=100))
    assert [answer.index for answer in answers] == list(range(100))


def duplex_streaming(channel):
    answers = stub(channel, "stream_stream", "Chat")(Request(text=text) for text in "abc")
    assert [answer.text for answer in answers] == ["a", "b", "c"]


def error_with_details(channel):
    error = failure(lambda: stub(channel, "unary_unary", "Echo")(Request(fail_code=5, fail_detail="号码 100 %")))
    assert error.code() == grpc.StatusCode.NOT_FOUND, error
    assert error.details() == "号码 100 %", error
    trailers = dict(error.trailing_metadata())
    assert Request.FromString(trailers["grpc-status-details-bin"]).fail_code == 5
    assert trailers["x-reason"] == "asked-for"


def unknown_method(channel):
    error = failure(lambda: stub(channel, "unary_unary", "Missing")(Request()))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


def deadline(channel):
    error = failure(lambda: stub(channel, "unary_unary", "Echo")(Request(wait_for_test=True), timeout=0.3))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def cancellation(channel):
    call = stub(channel, "unary_stream", "Repeat")(Request(text="endless", repeat_count=-1))
    next(call)
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED


def gzip_both_ways(channel):
    text = "x" * 100000
    answer = stub(channel, "unary_unary", "Echo")(Request(text=text), compression=grpc.Compression.Gzip)
    assert answer.text == text


def metadata(channel):
    _, call = stub(channel, "unary_unary", "Echo").with_call(
        Request(return_metadata=True), metadata=[("x-bytes-bin", b"\x00\xff\x01")])
    assert dict(call.initial_metadata())["x-bytes-bin"] == b"\x00\xff\x01"
    assert dict(call.trailing_metadata())["x-bytes-bin"] == b"\x00\xff\x01"


with grpc.insecure_channel(ADDRESS) as connection:
    for step in (unary, client_streaming, server_streaming, duplex_streaming, error_with_details, unknown_method,
                 deadline, cancellation, gzip_both_ways, metadata):
        step(connection)
        print("ok:", step.__name__.replace("_", " "), flush=True)
