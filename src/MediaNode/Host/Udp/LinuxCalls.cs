using System.Runtime.InteropServices;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>The Linux calls that carry many datagrams at once.</summary>
internal static unsafe partial class LinuxCalls
{
    private const string C = "libc";

    public const int DontWait = 0x40;        // MSG_DONTWAIT
    public const int SolUdp = 17;            // SOL_UDP
    public const int UdpSegment = 103;       // UDP_SEGMENT, linux/udp.h
    public const short PollIn = 1;           // POLLIN
    public const int EventNonBlocking = 0x800; // EFD_NONBLOCK
    public const int Again = 11;             // EAGAIN
    public const int Interrupted = 4;        // EINTR

    public struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    public struct Message
    {
        public byte* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    public struct MultiMessage
    {
        public Message Header;
        public uint Length;
    }

    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport(C, SetLastError = true)]
    public static partial int recvmmsg(int descriptor, MultiMessage* messages, uint count, int flags, void* timeout);
    [LibraryImport(C, SetLastError = true)]
    public static partial int sendmmsg(int descriptor, MultiMessage* messages, uint count, int flags);
    [LibraryImport(C, SetLastError = true)] public static partial int poll(PollEntry* entries, ulong count, int timeoutMs);
    [LibraryImport(C, SetLastError = true)] public static partial int eventfd(uint initial, int flags);
    [LibraryImport(C)] public static partial nint read(int descriptor, void* buffer, nuint length);
    [LibraryImport(C)] public static partial nint write(int descriptor, void* buffer, nuint length);
    [LibraryImport(C)] public static partial int close(int descriptor);
}
