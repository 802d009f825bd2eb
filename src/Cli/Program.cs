using VideoScale.Cli;

return await VideoScaleCommand.RunAsync(args);
