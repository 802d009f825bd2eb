using VideoScale.Cli.CommandLine;

return await VideoScaleCommand.RunAsync(args);
