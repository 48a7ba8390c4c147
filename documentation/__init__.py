"""The site: pages made from the code, the build and its checks, and the figures with what they are drawn from."""
