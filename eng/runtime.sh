# Settings of the .NET runtime for everything that is started from here; sourced by ./videoscale, ./dev and the scripts beside this file.
# They are environment variables because the runtime has no other way to set the first.

# Young memory between two collections, 64 MiB (hexadecimal). The runtime sizes it by the L3 cache; where a virtual machine
# shows none it falls to 1.5 MiB, and a replica, whose state is old and changes all the time, spends a fifth of its CPU collecting.
export DOTNET_GCgen0size="${DOTNET_GCgen0size:-4000000}"
