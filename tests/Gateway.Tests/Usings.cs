global using Eventually = VideoScale.Harness.Processes.Eventually;
