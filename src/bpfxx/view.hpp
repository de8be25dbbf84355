// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <type_traits>

namespace bpfxx {

namespace detail {

template <class T>
inline constexpr bool is_byte = std::is_same_v<T, std::byte> || std::is_same_v<T, char> ||
                                std::is_same_v<T, unsigned char> || std::is_same_v<T, signed char>;

/// Whether elements at a pointer may be seen as T: they are T, or both are bytes; and none loses its const.
template <class Pointer, class T>
concept SeenAs = std::is_pointer_v<Pointer> &&
                 (std::is_convertible_v<std::remove_pointer_t<Pointer> (*)[], T (*)[]> ||
                  (std::is_same_v<std::remove_const_t<T>, std::byte> &&
                   is_byte<std::remove_cv_t<std::remove_pointer_t<Pointer>>> &&
                   (std::is_const_v<T> || !std::is_const_v<std::remove_pointer_t<Pointer>>)));

/// A container or view whose elements lie one behind the other.
template <class Range, class T>
concept Contiguous = requires(Range& range) {
    requires SeenAs<decltype(range.data()), T>;
    requires std::is_convertible_v<decltype(range.size()), std::size_t>;
};

} // namespace detail

/// Elements of somebody else's, one behind the other: a std::vector, std::array, std::span or array in C is taken for one
/// as it is, and it is a range. Where T is std::byte, any bytes are, such as those of a std::string.
/// @tparam T const where they are only read
template <class T>
class View {
public:
    /// None.
    constexpr View() = default;
    /// Borrowed. @param data the first @param size how many
    template <detail::SeenAs<T> Pointer>
    constexpr View(Pointer data, std::size_t size) noexcept : data_(seen(data)), size_(size)
    {
    }
    /// Borrowed.
    template <std::size_t count>
    constexpr View(T (&elements)[count]) noexcept : data_(elements), size_(count)
    {
    }
    /// Borrowed. @param range a contiguous one
    template <class Range>
        requires(!std::is_same_v<std::remove_cvref_t<Range>, View> &&
                 detail::Contiguous<std::remove_reference_t<Range>, T>)
    // NOLINTNEXTLINE(cppcoreguidelines-missing-std-forward): nothing is taken from it
    constexpr View(Range&& range) noexcept : View(range.data(), range.size())
    {
    }

    /// The first element.
    [[nodiscard]] constexpr T* data() const noexcept { return data_; }
    /// Elements.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    /// The first element.
    [[nodiscard]] constexpr T* begin() const noexcept { return data_; }
    /// Behind the last.
    [[nodiscard]] constexpr T* end() const noexcept { return data_ + size_; }
    /// @param index below size(): it is not checked
    [[nodiscard]] constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }
    /// The first so many. @param count up to size(): it is not checked
    [[nodiscard]] constexpr View first(std::size_t count) const noexcept { return {data_, count}; }
    /// Those from one on. @param from up to size(): it is not checked
    [[nodiscard]] constexpr View subspan(std::size_t from) const noexcept
    {
        return {data_ + from, size_ - from};
    }
    /// So many of them. @param from, count up to size() together: it is not checked
    [[nodiscard]] constexpr View subspan(std::size_t from, std::size_t count) const noexcept
    {
        return {data_ + from, count};
    }

private:
    template <class Pointer>
    static constexpr T* seen(Pointer data) noexcept
    {
        if constexpr (std::is_convertible_v<Pointer, T*>)
            return data;
        else
            return reinterpret_cast<T*>(data);
    }
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

/// The bytes of keys and values, as the kernel has them.
using Bytes = View<const std::byte>;
/// The same, to be written.
using MutableBytes = View<std::byte>;

/// The bytes of an object.
template <class T>
[[nodiscard]] Bytes bytes_of(const T& object) noexcept
{
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<const std::byte*>(&object), sizeof(T)};
}
/// The bytes of an object, to be written.
template <class T>
[[nodiscard]] MutableBytes mutable_bytes_of(T& object) noexcept
{
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<std::byte*>(&object), sizeof(T)};
}
/// The bytes of all elements.
template <class T>
[[nodiscard]] Bytes bytes_of_all(View<const T> elements) noexcept
{
    return {reinterpret_cast<const std::byte*>(elements.data()), elements.size() * sizeof(T)};
}

} // namespace bpfxx
