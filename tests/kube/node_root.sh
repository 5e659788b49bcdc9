#!/bin/sh
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Give a node a root of its own, in the mount namespace that this script is started in, and hold it.
#
#   node_root.sh <cache folder> <folder of the node>
#
# The node sees this machine's programs, but whatever it writes stays in its own folders or in memory: kubelet,
# containerd and CNI plugins have many fixed paths (/var/lib/kubelet, /var/log/pods, /var/lib/cni, /run/netns …),
# hostPath volumes may name any path (/data/redis), and three nodes must not share them.
#
# 1. An overlay with the machine's root below and memory on top.
# 2. Over it the machine's devices, kernel files, and the cache (the images need a real file system, not an overlay).
# 3. Over that the node's own folders, and a /run in memory.
# 4. Plain files over the sysctls that kubelet writes and that belong to the whole machine.
# 5. Make it the root, let the old one go, and let mounts made by kubelet be seen in containers (mount propagation).
# 6. Tell that the node is ready for its daemons, and hold it: everything is gone with the last process in it.
set -eu
cache=$1
node=$2
top=$node/top
root=$top/root

mkdir -p "$top"
mount -t tmpfs -o mode=0755 tmpfs "$top"
mkdir "$top/upper" "$top/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$root"

for path in /dev /proc /sys; do
    mount --rbind "$path" "$root$path"
done
mkdir -p "$root$cache"
mount --bind "$cache" "$root$cache"

for path in /data /opt/local-path-provisioner /var/lib/containerd /var/lib/kubelet /var/log/pods; do
    mkdir -p "$root$path" "$node$path"
    mount --bind "$node$path" "$root$path"
done
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mkdir -p "$root/run/containerd" "$root/run/lock" "$root/run/netns" "$root/var/log/containers"

mkdir -p "$node/sysctl"
while read -r name value; do
    echo "$value" > "$node/sysctl/${name##*/}"
    mount --bind "$node/sysctl/${name##*/}" "$root/proc/sys/$name"
done << END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxbytes 25000000
kernel/keys/root_maxkeys 1000000
END

cd "$root"
pivot_root . .
umount -l .
mount --make-rshared /

touch "$node/ready"
exec sleep infinity
