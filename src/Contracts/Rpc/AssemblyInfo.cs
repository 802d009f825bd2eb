using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("VideoScale.Contracts.Tests")]
