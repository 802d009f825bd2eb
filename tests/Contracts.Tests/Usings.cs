global using Eventually = VideoScale.TestKit.Processes.Eventually;
