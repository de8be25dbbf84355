// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/error.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace bpfxx {

namespace {

ErrorKind kind_of(int error_number)
{
    switch (error_number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return ErrorKind::not_found;
    case EPERM:
    case EACCES:
        return ErrorKind::permission;
    case EBUSY:
    case EEXIST:
        return ErrorKind::busy;
    case ENOTDIR:
        return ErrorKind::incompatible; // a file in the place of a folder
    case EOPNOTSUPP:
    case ENOSYS:
        return ErrorKind::unsupported;
    default:
        return ErrorKind::system;
    }
}

} // namespace

std::string Error::message() const
{
    std::string text = "cannot " + operation;
    if (!object.empty())
        text += " " + object;
    text += ": ";
    text += cause.empty() ? std::strerror(error_number) : cause;
    if (!hint.empty())
        text += "; " + hint;
    return text;
}

int errno_of(const Error& error) noexcept
{
    if (error.kind == ErrorKind::unsupported)
        return EOPNOTSUPP;
    if (error.error_number > 0)
        return error.error_number;
    switch (error.kind) {
    case ErrorKind::not_found:
        return ENOENT;
    case ErrorKind::permission:
        return EPERM;
    case ErrorKind::busy:
        return EBUSY;
    case ErrorKind::incompatible:
        return EMEDIUMTYPE;
    case ErrorKind::invalid:
        return EINVAL;
    case ErrorKind::system:
    case ErrorKind::unsupported:
        break;
    }
    return EIO;
}

Error system_error(std::string operation, std::string object, int error_number, std::string hint)
{
    return Error{.kind = kind_of(error_number),
                 .operation = std::move(operation),
                 .object = std::move(object),
                 .error_number = error_number,
                 .cause = {},
                 .hint = std::move(hint),
                 .detail = {}};
}

Error make_error(ErrorKind kind, std::string operation, std::string object, std::string cause,
                 std::string hint)
{
    return Error{.kind = kind,
                 .operation = std::move(operation),
                 .object = std::move(object),
                 .error_number = 0,
                 .cause = std::move(cause),
                 .hint = std::move(hint),
                 .detail = {}};
}

} // namespace bpfxx
