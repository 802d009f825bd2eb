using System.Security.Cryptography;
using System.Text.Json;
using VideoScale.Consensus;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Cluster;

/// <summary>One replica to make: where its data lies and how it is reached.</summary>
public sealed record ReplicaSeat(string DataDirectory, string RaftAddress, string GrpcAddress, string HttpAddress);

/// <summary>Makes the data directories of a new cluster: a random cluster id, random member ids, the static list of peers.</summary>
public static class ControlPlaneBootstrap
{
    /// <summary>Creates all directories of a new cluster. Refuses a directory that holds something already.</summary>
    /// <returns>The files of each replica, in the order of <paramref name="seats"/>.</returns>
    public static IReadOnlyList<ClusterFiles> Create(IReadOnlyList<ReplicaSeat> seats)
    {
        if (seats.Count == 0) throw StartupException.Directory("a cluster needs at least one replica");
        foreach (var seat in seats)
        {
            if (Directory.Exists(seat.DataDirectory) && Directory.EnumerateFileSystemEntries(seat.DataDirectory).Any())
                throw StartupException.Directory($"{seat.DataDirectory} is not empty: a new replica needs an empty directory");
        }
        var clusterId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var members = seats.Select(_ => new MemberId(RandomNumbers.NonZero())).ToArray();
        var peers = seats.Zip(members, (s, m) => new ReplicaPeer(m, s.RaftAddress, s.GrpcAddress, s.HttpAddress)).OrderBy(p => p.Member)
            .ToArray();
        var cluster = new ClusterFile(ClusterFiles.Format, clusterId,
            [.. peers.Select(p => new ClusterMemberFile(p.Member.ToString(), p.RaftAddress, p.GrpcAddress, p.HttpAddress))]);
        var made = new List<ClusterFiles>();
        for (var i = 0; i < seats.Count; i++)
        {
            Directory.CreateDirectory(seats[i].DataDirectory);
            Write(seats[i].DataDirectory, ClusterFiles.ClusterName,
                JsonSerializer.SerializeToUtf8Bytes(cluster, ClusterJson.Default.ClusterFile));
            // identity.json last: a directory without it was not finished and counts as not made.
            Write(seats[i].DataDirectory, ClusterFiles.IdentityName,
                JsonSerializer.SerializeToUtf8Bytes(new IdentityFile(ClusterFiles.Format, clusterId, members[i].ToString()),
                    ClusterJson.Default.IdentityFile));
            made.Add(new ClusterFiles(clusterId, members[i], peers));
        }
        return made;
    }

    /// <summary>Makes the directory of a replica that joins a cluster.</summary>
    /// <param name="self">How it is reached; its member id is drawn here.</param>
    /// <param name="known">Members that it can ask.</param>
    internal static ClusterFiles CreateJoining(string directory, string clusterId, ReplicaPeer self, IEnumerable<ReplicaPeer> known)
    {
        var member = new MemberId(RandomNumbers.NonZero());
        var peers = known.Append(self with { Member = member }).OrderBy(p => p.Member).ToArray();
        var files = new ClusterFiles(clusterId, member, peers) { IsJoined = true, IsAdmitted = false };
        Directory.CreateDirectory(directory);
        WriteCluster(directory, files);
        Write(directory, ClusterFiles.IdentityName, JsonSerializer.SerializeToUtf8Bytes(
            new IdentityFile(ClusterFiles.Format, clusterId, member.ToString()), ClusterJson.Default.IdentityFile));
        return files;
    }

    internal static void WriteCluster(string directory, ClusterFiles files) =>
        Write(directory, ClusterFiles.ClusterName, JsonSerializer.SerializeToUtf8Bytes(
        new ClusterFile(ClusterFiles.Format, files.ClusterId,
            [.. files.Peers.Select(p => new ClusterMemberFile(p.Member.ToString(), p.RaftAddress, p.GrpcAddress, p.HttpAddress))],
            files.IsJoined, files.IsJoined && files.IsAdmitted), ClusterJson.Default.ClusterFile));

    private static void Write(string directory, string name, byte[] content) => DurableFile.Write(Path.Combine(directory, name), content);
}
