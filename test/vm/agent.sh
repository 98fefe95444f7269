#!/bin/bash
# The test's hands inside the virtual machine. Says `ready` over the virtio port after each boot; each line that comes is a
# base64 script for bash, and is answered with `EXIT-CODE BASE64-OF-ITS-OUTPUT`.
port=/dev/virtio-ports/gantry.agent
until [ -e "$port" ]; do sleep 0.1; done # udev names the port some time during boot
exec 3<>"$port"
export HOME=/root PATH=/opt/gantry/bin:$PATH
echo ready >&3
while read -r script <&3; do
  output=$(base64 -d <<<"$script" | bash 2>&1)
  code=$?
  echo "$code $(base64 -w0 <<<"$output")" >&3
done
