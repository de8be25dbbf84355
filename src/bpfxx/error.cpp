// SPDX-License-Identifier: BSD-2-Clause
#include "bpfxx/error.hpp"

#include <cerrno>
#include <cstring>
#include <string>

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

struct Error::Parts {
    ErrorKind kind = ErrorKind::system;
    std::string operation;
    std::string object;
    int error_number = 0;
    std::string cause;
    std::string hint;
    std::string detail;
    std::string message; ///< made with the parts: a message that is asked for by two threads must be there

    void change(std::string& part, Text text)
    {
        part = text;
        compose();
    }
    void compose()
    {
        if (cause.empty())
            cause = std::strerror(error_number);
        message = "cannot " + operation;
        if (!object.empty())
            message += " " + object;
        message += ": " + cause;
        if (!hint.empty())
            message += "; " + hint;
    }
};

Error::Error(ErrorKind kind, Text operation, Text object, int error_number, Text cause, Text hint)
    : parts_(new Parts{.kind = kind,
                       .operation = operation,
                       .object = object,
                       .error_number = error_number,
                       .cause = cause,
                       .hint = hint,
                       .detail = {},
                       .message = {}})
{
    parts_->compose();
}

Error::Error(const Error& other) : parts_(other.parts_ != nullptr ? new Parts(*other.parts_) : nullptr) {}

Error& Error::operator=(const Error& other)
{
    return *this = Error(other);
}

void Error::discard(Parts* parts) noexcept
{
    delete parts;
}

Error::Parts& Error::own_parts()
{
    if (parts_ == nullptr)
        parts_ = new Parts;
    return *parts_;
}

ErrorKind Error::kind() const noexcept
{
    return parts_ != nullptr ? parts_->kind : ErrorKind::system;
}

Text Error::operation() const noexcept
{
    return parts_ != nullptr ? Text(parts_->operation) : Text();
}

Text Error::object() const noexcept
{
    return parts_ != nullptr ? Text(parts_->object) : Text();
}

int Error::error_number() const noexcept
{
    return parts_ != nullptr ? parts_->error_number : 0;
}

Text Error::cause() const noexcept
{
    return parts_ != nullptr ? Text(parts_->cause) : Text();
}

Text Error::hint() const noexcept
{
    return parts_ != nullptr ? Text(parts_->hint) : Text();
}

Text Error::detail() const noexcept
{
    return parts_ != nullptr ? Text(parts_->detail) : Text();
}

Text Error::message() const noexcept
{
    return parts_ != nullptr ? Text(parts_->message) : Text();
}

void Error::set_kind(ErrorKind kind)
{
    own_parts().kind = kind;
}

void Error::set_operation(Text operation)
{
    Parts& parts = own_parts();
    parts.change(parts.operation, operation);
}

void Error::set_object(Text object)
{
    Parts& parts = own_parts();
    parts.change(parts.object, object);
}

void Error::set_cause(Text cause)
{
    Parts& parts = own_parts();
    parts.change(parts.cause, cause);
}

void Error::set_hint(Text hint)
{
    Parts& parts = own_parts();
    parts.change(parts.hint, hint);
}

void Error::set_detail(Text detail)
{
    own_parts().detail = detail;
}

int errno_of(const Error& error) noexcept
{
    if (error.kind() == ErrorKind::unsupported)
        return EOPNOTSUPP;
    if (error.error_number() > 0)
        return error.error_number();
    switch (error.kind()) {
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

Error system_error(Text operation, Text object, int error_number, Text hint)
{
    return {kind_of(error_number), operation, object, error_number, {}, hint};
}

Error make_error(ErrorKind kind, Text operation, Text object, Text cause, Text hint)
{
    return {kind, operation, object, 0, cause, hint};
}

} // namespace bpfxx
