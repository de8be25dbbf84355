// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <iosfwd>
#include <type_traits>

namespace bpfxx {

class Text;

namespace detail {

/// Strings whose characters end with a NUL: std::string, std::filesystem::path.
template <class T>
concept HasCString = !std::is_same_v<T, Text> && requires(const T& string) {
    requires std::is_same_v<decltype(string.c_str()), const char*>;
};

/// What characters can be put into, or seen as: std::string, std::string_view.
template <class T>
concept HoldsCharacters = requires(const char* text, std::size_t size) {
    typename T::traits_type;
    requires std::is_same_v<typename T::value_type, char>;
    T(text, size);
};

} // namespace detail

/// Characters of somebody else's, with a NUL behind them. As a parameter it takes a literal, a `const char*`, a
/// std::string or a std::filesystem::path; as a result it becomes a std::string or std::string_view where one is wanted,
/// and is compared and printed like one. It needs none of their headers, which cost more to compile than all of this
/// library's.
class Text {
public:
    /// Empty.
    constexpr Text() = default;
    /// Borrowed; null is empty.
    constexpr Text(const char* text) noexcept
        : text_(text != nullptr ? text : ""), size_(__builtin_strlen(text_))
    {
    }
    /// Borrowed. @param text with a NUL behind it @param size characters before that
    constexpr Text(const char* text, std::size_t size) noexcept : text_(text), size_(size) {}
    /// Borrowed. @param string such as std::string, std::filesystem::path
    template <detail::HasCString String>
    constexpr Text(const String& string) noexcept : Text(string.c_str())
    {
        if constexpr (requires { std::size_t{string.size()}; })
            size_ = string.size(); // also where there is a NUL among them
    }

    /// Never null.
    [[nodiscard]] constexpr const char* c_str() const noexcept { return text_; }
    /// The same.
    [[nodiscard]] constexpr const char* data() const noexcept { return text_; }
    /// Characters.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    /// The first character.
    [[nodiscard]] constexpr const char* begin() const noexcept { return text_; }
    /// Behind the last.
    [[nodiscard]] constexpr const char* end() const noexcept { return text_ + size_; }

    /// A std::string or std::string_view of it.
    template <detail::HoldsCharacters String>
    constexpr operator String() const
    {
        return String(text_, size_);
    }

private:
    const char* text_ = "";
    std::size_t size_ = 0;
};

/// Whether the characters are the same.
[[nodiscard]] constexpr bool operator==(Text a, Text b) noexcept
{
    return a.size() == b.size() && __builtin_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// One behind the other; what may be taken for a Text may be added to one. Whoever uses it includes the header `string`.
[[nodiscard]] std::string operator+(Text a, Text b);

/// Prints it.
template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, Text text)
{
    return out << text.c_str();
}

/// A name that the kernel keeps: at most 15 characters. Used as a Text.
class Name {
public:
    /// Empty.
    constexpr Name() = default;
    /// A copy of the first 15 characters.
    constexpr explicit Name(Text text) noexcept
    {
        for (std::size_t i = 0; i < text.size() && i + 1 < sizeof(characters_); i++)
            characters_[i] = text.data()[i];
    }
    /// Valid as long as this object.
    [[nodiscard]] constexpr const char* c_str() const noexcept { return characters_; }
    /// Whether there is none.
    [[nodiscard]] constexpr bool empty() const noexcept { return characters_[0] == '\0'; }

    /// A std::string or std::string_view of it, the latter valid as long as this object.
    template <detail::HoldsCharacters String>
    constexpr operator String() const
    {
        return Text(characters_);
    }

private:
    char characters_[16] = {}; // as long as the kernel's BPF_OBJ_NAME_LEN
};

} // namespace bpfxx
